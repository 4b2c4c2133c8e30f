import fs from "node:fs";
import { link as hardLink, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { checkRefName, checkVersion, versionOfFile } from "../ref-names.ts";
import {
  discardFile,
  entriesOf,
  figure,
  isErrno,
  makeDirectories,
  removeFile,
  sync,
  writeError,
  writeFile,
} from "./files.ts";
import type { Layout, Place } from "./layout.ts";
import { takeLock } from "./lock.ts";
import { versionPath } from "./reader.ts";

const LOCK_WAIT_MS = 10_000;

/**
 * Creates one version of a ref, whole and durable, by an exclusive link. Where the file system has no hard links,
 * a rename under the `refs` lock does the same: all writers there go that way, and no reader sees half a file.
 */
export async function createVersion(
  place: Place,
  name: string,
  version: number,
  bytes: Uint8Array,
  link: (from: string, to: string) => Promise<void> = hardLink,
): Promise<boolean> {
  const target = versionPath(place.at, checkRefName(name), checkVersion(name, version));
  const temp = place.temp("ref");
  try {
    makeDirectories(dirname(target));
    writeFile(temp, bytes);
    await sync(temp);
    if (!(await createExclusively(place, temp, target, link))) return false;
    discardFile(temp);
    await syncUpwards(dirname(target), place.at.refs);
    return true;
  } catch (error) {
    throw writeError(error, place.at.root, `the record ${name} of ${figure(bytes.length)}`);
  } finally {
    discardFile(temp);
  }
}

/** Removes a ref's versions, newest first, and the folders that are empty then. */
export async function dropVersions(at: Layout, name: string): Promise<void> {
  const folder = `${at.refs}/${checkRefName(name)}`;
  const versions = entriesOf(folder).map((entry) => versionOfFile(entry.name));
  const found = versions.filter((version) => version !== undefined).toSorted((a, b) => b - a);
  if (found.length === 0) return;
  for (const version of found) removeFile(versionPath(at, name, version));
  await sync(folder);
  for (let empty = folder; empty.length > at.refs.length; empty = dirname(empty)) {
    if (entriesOf(empty).length > 0) break;
    fs.rmdirSync(empty);
    await sync(dirname(empty));
  }
}

async function createExclusively(
  place: Place,
  temp: string,
  target: string,
  link: (from: string, to: string) => Promise<void>,
): Promise<boolean> {
  try {
    await link(temp, target);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    if (!isErrno(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK")) throw error;
  }
  await using _lock = await takeLock(place, "refs", "writing a record", { waitMs: LOCK_WAIT_MS });
  if (fs.existsSync(target)) return false;
  await rename(temp, target);
  return true;
}

// Each folder up to refs/, also those that were there: another process may have made them just now.
async function syncUpwards(from: string, top: string): Promise<void> {
  for (let folder = from; folder.length >= top.length; folder = dirname(folder)) await sync(folder);
}
