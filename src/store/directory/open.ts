import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { SluiceError } from "../../base/errors.ts";
import type { PruneStore, ReadStore, TreeStore } from "../contract.ts";
import { blobFiles } from "./blob-files.ts";
import { freeBytes, isErrno, makeDirectories, makeDirectory, removeFile, sync, writeError } from "./files.ts";
import { foreignGuard, guardFolders } from "./foreign.ts";
import { blobPath, layoutOf, placeAt } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { releaseLocks, takeLock } from "./lock.ts";
import { startPace } from "./pace.ts";
import { newPresence, removeLitter } from "./presence.ts";
import { clearRepairedBlobs, forgetQuarantinedBlobs, quarantineBlob } from "./quarantine.ts";
import { directoryReads } from "./reader.ts";
import { recover } from "./recover.ts";
import { holdReserve, withReserve } from "./reserve.ts";
import type { LiveSession } from "./session.ts";
import { startSession } from "./session.ts";
import { sweepTemporary } from "./sweep.ts";
import { treeStore } from "./trees.ts";
import { createVersion, dropVersions } from "./versions.ts";

export interface DirectoryStore extends PruneStore {
  readonly root: string;
  readonly trees: TreeStore;
}

/**
 * Opens a directory store for reading: creates nothing, works on a read-only mount. With `mayBeMissing`, one that openDirectoryStore would make
 * counts as a store without anything in it; `isForeign`: others may have written to it, and no link in it is followed. Throws `store_unusable`, and later `medium_unsafe`.
 */
export async function openDirectoryReader(
  root: string,
  { mayBeMissing = false, isForeign = false }: { mayBeMissing?: boolean; isForeign?: boolean } = {},
): Promise<ReadStore & { readonly root: string }> {
  const at = layoutOf(resolve(root));
  const fault = faultOf(at);
  if (fault !== undefined && !(mayBeMissing && isToBeMade(fault))) throw unusable(at, fault);
  const guard = isForeign ? foreignGuard(at.root) : undefined;
  return { ...directoryReads(at, guard), root: at.root, close: async () => undefined };
}

/**
 * Opens a directory store; makes it where the directory is missing or empty. After a crash, what was not durable is
 * re-checked first; `waitMs` is how long to wait for another process that does so; `isForeign`: others may have written to it, and a
 * link in the place of a folder is refused ahead of all else. Throws `store_unusable`, `locked`, `medium_unsafe`.
 */
export async function openDirectoryStore(
  root: string,
  options: { clock?: Clock; waitMs?: number; alone?: number; isForeign?: boolean } = {},
): Promise<DirectoryStore> {
  const { clock = systemClock, waitMs = 60_000 } = options;
  const presence = newPresence();
  const place = placeAt(resolve(root), clock, presence.show);
  const { at } = place;
  const guard = options.isForeign === true ? foreignGuard(at.root) : undefined;
  if (guard !== undefined) guardFolders(at, guard);
  await prepare(at);
  const live = new Set<LiveSession>();
  const recheck = (): Promise<void> =>
    recover(place, new Set([...live].map((session) => session.marker())), waitMs);
  await withReserve(at, recheck);
  await removeLitter(place);
  holdReserve(at);
  return {
    ...directoryReads(at, guard),
    root: at.root,
    trees: treeStore(place),
    async begin() {
      await recheck();
      return startSession(place, live, options.alone);
    },
    createRef: (name, version, bytes) => createVersion(place, name, version, bytes),
    lock: (name, who, lockOptions) => takeLock(place, name, who, lockOptions),
    freeBytes: () => freeBytes(at.root),
    async *listBlobs(after) {
      for await (const { sha256, stat } of blobFiles(at, after))
        yield { sha256, size: stat.size, modified: stat.mtimeMs };
    },
    async deleteBlobs(sha256s) {
      const pace = startPace();
      for (const sha256 of sha256s) {
        const file = blobPath(at, sha256);
        if (file !== undefined) removeFile(file);
        await pace();
      }
    },
    dropRef: async (name) => dropVersions(at, name),
    quarantine: (sha256) => quarantineBlob(place, sha256),
    clearRepaired: async () => clearRepairedBlobs(at),
    forgetQuarantined: async (sha256s) => forgetQuarantinedBlobs(at, sha256s),
    sweep: (olderThanMs) => sweepTemporary(place, olderThanMs),
    withReserve: (action) => withReserve(at, action),
    async close() {
      await releaseLocks(place);
      // A session that did not end is one for the next start to look at.
      for (const session of live) await session.abandon();
      presence.leave();
    },
  };
}

/** True where there is no store yet, but openDirectoryStore would make one. */
export function isStoreMissing(root: string): boolean {
  return isToBeMade(faultOf(layoutOf(resolve(root))));
}

function isToBeMade(fault: Fault | undefined): boolean {
  return fault === "missing" || fault === "empty";
}

async function prepare(at: Layout): Promise<void> {
  const fault = faultOf(at);
  if (fault === undefined || isToBeMade(fault)) {
    try {
      await make(at);
    } catch (error) {
      if (isErrno(error, "ENOTDIR", "EEXIST", "ELOOP")) throw unusable(at, "blocked");
      throw writeError(error, at.root, "the folders of a store");
    }
  } else throw unusable(at, fault);
}

// blobs/ first, then refs/: these two are what a store is known by.
async function make(at: Layout): Promise<void> {
  const parents: string[] = [];
  for (let folder = at.root; !fs.existsSync(folder); folder = dirname(folder)) parents.push(dirname(folder));
  makeDirectories(at.root);
  let made = false;
  for (const folder of [
    dirname(at.blobs),
    at.blobs,
    at.refs,
    at.tmp,
    at.partial,
    at.locks,
    at.quarantine,
    at.trees,
  ])
    made = makeDirectory(folder) || made;
  if (!made) return;
  await sync(dirname(at.blobs));
  for (const folder of [at.root, ...parents]) await sync(folder);
}

type Fault = "missing" | "empty" | "file" | "other" | "blocked" | "unreadable";

/** Why the directory is no store that can be read. A kill while one is made leaves blobs/ alone: that counts as empty. */
function faultOf(at: Layout): Fault | undefined {
  try {
    const stat = fs.statSync(at.root, { throwIfNoEntry: false });
    if (stat === undefined) return "missing";
    if (!stat.isDirectory()) return "file";
    const names = fs.readdirSync(at.root).filter((name) => name !== "lost+found");
    if (names.includes("blobs") && names.includes("refs")) return undefined;
    return names.every((name) => name === "blobs") ? "empty" : "other";
  } catch (error) {
    if (isErrno(error, "EACCES", "ENOTDIR", "ELOOP")) return "unreadable";
    throw error;
  }
}

function unusable(at: Layout, fault: Fault): SluiceError {
  const sentence = {
    missing: "does not exist: check the path, or run 'sluice sync' first",
    empty: "is empty: check the path, or run 'sluice sync' first",
    file: "is not a directory: check the path",
    other: "holds files but no Sluice store: give an empty directory, or that of a store",
    blocked: "cannot be made: a file is in the way of one of its folders",
    unreadable: "cannot be read: check path and permissions",
  }[fault];
  return new SluiceError("store_unusable", `The data directory ${at.root} ${sentence}.`);
}
