import fs from "node:fs";
import { link as hardLink, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { checkRefName, checkVersion } from "../ref-names.ts";
import { figure, isErrno, makeDirectories, discardFile, sync, writeError, writeFile } from "./files.ts";
import type { Place } from "./layout.ts";
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
