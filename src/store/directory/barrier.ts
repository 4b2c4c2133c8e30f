import { execFile } from "node:child_process";
import fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { blobFilesSince } from "./blob-files.ts";
import { sync } from "./files.ts";
import type { Layout } from "./layout.ts";
import { MARKER_SLACK, markedSessions, markerPath } from "./marker.ts";

interface Syncs {
  /** The whole file system that has the path; false where it cannot be done. */
  fileSystem(path: string): Promise<boolean>;
  file(path: string): Promise<void>;
}

const SYNCS: Syncs = { fileSystem: syncCommand, file: sync };

/** Returns when all names in a folder are durable, and its own: one `sync -f`, or each of `folders`, which lie below it. */
export async function settle(base: string, folders: Iterable<string>, syncs: Syncs = SYNCS): Promise<void> {
  if (await syncs.fileSystem(base)) return;
  for (const folder of folders) await syncs.file(`${base}/${folder}`);
  // The folder that it lies in may be new too.
  for (const folder of [base, dirname(base), dirname(dirname(base))]) await syncs.file(folder);
}

/** Returns when all blobs are durable, whoever wrote them: one `sync -f`, or each new file by itself. */
export async function barrier(at: Layout, syncs: Syncs = SYNCS): Promise<void> {
  if (await syncs.fileSystem(at.root)) return;
  const times = markedSessions(at).map(
    (session) => fs.lstatSync(markerPath(at, session), { throwIfNoEntry: false })?.mtimeMs ?? Infinity,
  );
  const folders = new Set<string>();
  for await (const { file } of blobFilesSince(at, Math.min(Infinity, ...times) - MARKER_SLACK)) {
    await syncs.file(file);
    folders.add(dirname(file));
  }
  for (const folder of [...folders, at.blobs]) await syncs.file(folder);
}

/** syncfs(2) by `sync -f` of coreutils; false where it did not do it. */
async function syncCommand(path: string): Promise<boolean> {
  // Elsewhere `sync` takes no option, and does not wait.
  if (process.platform !== "linux") return false;
  try {
    await promisify(execFile)("sync", ["-f", path]);
    return true;
  } catch {
    return false;
  }
}
