import fs from "node:fs";
import { dirname } from "node:path";
import { open, readFile } from "node:fs/promises";
import { createFile, isErrno, makeDirectory, discardFile, writeFile } from "./files.ts";
import { blobPath } from "./layout.ts";
import type { Place } from "./layout.ts";
import { quarantineBlob } from "./quarantine.ts";

/** Up to here a synchronous write on the main thread is the fastest, and short enough. */
export const SMALL = 256 * 1024;

/** True where the blob lies there with this size; one of another size is damaged and goes to quarantine. */
export async function isPresent(place: Place, sha256: string, size: number): Promise<boolean> {
  const stat = fs.lstatSync(target(place, sha256), { throwIfNoEntry: false });
  if (stat === undefined || stat.size === size) return stat !== undefined;
  await quarantineBlob(place, sha256);
  return false;
}

/**
 * True where the blob lies there and is these bytes, which were checked; a bad one goes to quarantine. It is read
 * whole: a manifest or keyring that rotted must not become part of a new snapshot.
 */
export async function isSound(place: Place, sha256: string, bytes: Uint8Array): Promise<boolean> {
  const file = target(place, sha256);
  const inode = (): number | undefined => fs.lstatSync(file, { throwIfNoEntry: false })?.ino;
  for (let before = inode(); before !== undefined; before = inode()) {
    if (await holds(file, bytes)) return true;
    // Another writer may have replaced it meanwhile by a good one, which must stay.
    if (inode() !== before) continue;
    await quarantineBlob(place, sha256);
    return false;
  }
  return false;
}

async function holds(file: string, bytes: Uint8Array): Promise<boolean> {
  try {
    if (fs.lstatSync(file).size !== bytes.length) return false;
    return (await readFile(file)).equals(bytes);
  } catch (error) {
    if (isErrno(error, "ENOENT", "EIO")) return false;
    throw error;
  }
}

/** Writes bytes that were checked as the blob of this name. Not durable yet. */
export async function writeBlob(
  place: Place,
  sha256: string,
  bytes: Uint8Array,
  temp = place.temp("new"),
): Promise<void> {
  if (bytes.length <= SMALL) writeFile(temp, bytes);
  else await writeLarge(temp, bytes);
  publish(place, temp, sha256);
}

async function writeLarge(file: string, bytes: Uint8Array): Promise<void> {
  fs.closeSync(createFile(file));
  const handle = await open(file, "r+");
  try {
    await handle.writeFile(bytes);
  } catch (error) {
    discardFile(file);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Renames a whole and checked file into place. */
export function publish(place: Place, file: string, sha256: string): void {
  const blob = target(place, sha256);
  try {
    try {
      fs.renameSync(file, blob);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      makeDirectory(dirname(blob));
      fs.renameSync(file, blob);
    }
  } catch (error) {
    discardFile(file);
    throw error;
  }
}

function target(place: Place, sha256: string): string {
  const path = blobPath(place.at, sha256);
  if (path === undefined) throw new TypeError("not a SHA-256");
  return path;
}
