import fs from "node:fs";
import { isDigest } from "../../base/digest.ts";
import { createFile, entriesOf, isErrno, removeFile, sync } from "./files.ts";
import { blobPath } from "./layout.ts";
import type { Layout, Place } from "./layout.ts";
import { startPace } from "./pace.ts";

/**
 * Moves the blob to quarantine/, then takes away every name that trees/ has for the same inode. A blob that is
 * not there at all leaves an empty file in quarantine/, so that the next sync knows that there is something to repair.
 */
export async function quarantineBlob(place: Place, sha256: string): Promise<void> {
  const blob = blobPath(place.at, sha256);
  if (blob === undefined) return;
  const kept = `${place.at.quarantine}/${sha256}`;
  try {
    fs.renameSync(blob, kept);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    try {
      fs.closeSync(createFile(kept));
    } catch (again) {
      if (!isErrno(again, "EEXIST")) throw again;
    }
  }
  // Else a power cut would bring it back, and no one would know that there is something to repair.
  await sync(place.at.quarantine);
  // Also for a copy that an interrupted run has moved already.
  await unlinkEverywhere(place.at, kept);
}

async function unlinkEverywhere(at: Layout, file: string): Promise<void> {
  const { dev, ino, nlink } = fs.lstatSync(file, { bigint: true });
  let left = Number(nlink) - 1;
  const pace = startPace();
  const folders = [at.trees];
  for (let folder = folders.pop(); folder !== undefined && left > 0; folder = folders.pop())
    for (const entry of entriesOf(folder)) {
      await pace();
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      if (!entry.isFile()) continue;
      const stat = fs.lstatSync(name, { bigint: true, throwIfNoEntry: false });
      if (stat?.ino === ino && stat.dev === dev && removeFile(name)) left--;
    }
}

/** What is in quarantine, sorted, and which of it is back in the store. */
export function quarantinedBlobs(at: Layout): { sha256: string; back: boolean }[] {
  return namesIn(at)
    .toSorted()
    .map((sha256) => ({ sha256, back: isBack(at, sha256) }));
}

export function clearRepairedBlobs(at: Layout): void {
  for (const sha256 of namesIn(at)) if (isBack(at, sha256)) removeFile(`${at.quarantine}/${sha256}`);
}

export function forgetQuarantinedBlobs(at: Layout, sha256s: readonly string[]): void {
  for (const sha256 of sha256s) if (isDigest("sha256", sha256)) removeFile(`${at.quarantine}/${sha256}`);
}

function namesIn(at: Layout): string[] {
  return entriesOf(at.quarantine)
    .filter((entry) => entry.isFile() && isDigest("sha256", entry.name))
    .map((entry) => entry.name);
}

function isBack(at: Layout, sha256: string): boolean {
  const blob = blobPath(at, sha256);
  return blob !== undefined && fs.lstatSync(blob, { throwIfNoEntry: false }) !== undefined;
}
