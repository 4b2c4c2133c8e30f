import fs from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";
import { blobMissing, checkBlob, checkBlobSize } from "../checks.ts";
import type { ReadStore } from "../contract.ts";
import { isRefName, isRefSegment, isVersion, versionOfFile } from "../ref-names.ts";
import { entriesOf, isErrno } from "./files.ts";
import { blobPath } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { quarantinedBlobs } from "./quarantine.ts";

/** More than any record has: they hold names and numbers. */
const MOST_VERSION = 64 * 2 ** 20;
const READ_CHUNK = 256 * 1024;

/** The reading half of a directory store; `guard` is called with each path ahead of its use, and throws where it must not be followed. */
export function directoryReads(
  at: Layout,
  guard: (path: string) => void = () => undefined,
): Omit<ReadStore, "close"> {
  const openFile = async (sha256: string): Promise<FileHandle> => {
    const file = blobPath(at, sha256);
    if (file === undefined) throw blobMissing(sha256);
    guard(file);
    const handle = await openPlainFile(file);
    if (handle === undefined) throw blobMissing(sha256);
    return handle;
  };
  return {
    async statBlob(sha256) {
      const file = blobPath(at, sha256);
      if (file !== undefined) guard(file);
      const stat = file === undefined ? undefined : fs.lstatSync(file, { throwIfNoEntry: false });
      return stat?.isFile() ? { sha256, size: stat.size, modified: stat.mtimeMs } : undefined;
    },
    async openBlob(sha256, range) {
      const handle = await openFile(sha256);
      return handle.createReadStream({ ...range, highWaterMark: READ_CHUNK });
    },
    async openBlobFile(sha256) {
      const handle = await openFile(sha256);
      const { fd } = handle;
      const { dev, ino, mtimeMs, size } = fs.fstatSync(fd);
      return {
        size,
        stamp: `${dev} ${ino} ${mtimeMs} ${size}`,
        // The callbacks of `fs` cost a fraction of what a FileHandle's promises do.
        read: (into, position) =>
          new Promise((resolve, reject) => {
            fs.read(fd, into, 0, into.length, position, (error, count) => {
              if (error === null) resolve(count);
              else reject(error);
            });
          }),
        close: () => handle.close(),
      };
    },
    async readBlob(sha256, maxSize) {
      const handle = await openFile(sha256);
      try {
        checkBlobSize(sha256, (await handle.stat()).size, maxSize);
        return checkBlob(sha256, await handle.readFile());
      } finally {
        await handle.close();
      }
    },
    quarantined: async () => quarantinedBlobs(at),
    async listRefs(prefix) {
      const parents = prefix.split("/").slice(0, -1);
      if (!parents.every(isRefSegment)) return [];
      guard(`${at.refs}/${parents.join("/")}`);
      const names: string[] = [];
      collectRefs(at, parents.join("/"), names, guard);
      return names.filter((name) => name.startsWith(prefix)).toSorted();
    },
    async refVersions(name) {
      if (!isRefName(name)) return [];
      guard(`${at.refs}/${name}`);
      const versions = entriesOf(`${at.refs}/${name}`).map((entry) => versionOfFile(entry.name));
      return versions.filter((version) => version !== undefined).toSorted((a, b) => a - b);
    },
    async readRef(name, version) {
      if (!isRefName(name) || !isVersion(version)) return undefined;
      const path = versionPath(at, name, version);
      guard(path);
      await using handle = await openPlainFile(path);
      if (handle === undefined) return undefined;
      if ((await handle.stat()).size > MOST_VERSION)
        throw new SluiceError("too_large", `${path} is larger than a record can be: it is not Sluice's.`);
      return await handle.readFile();
    },
  };
}

export function versionPath(at: Layout, name: string, version: number): string {
  return `${at.refs}/${name}/${version}.json`;
}

/** Undefined where there is no such file, or something else than a plain one: a link is not followed, and a pipe not waited for. */
async function openPlainFile(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(
      path,
      fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK,
    );
    const stat = fs.fstatSync(handle.fd);
    // To read a folder is an error of its own, which says that a blob is damaged.
    if (stat.isFile() || stat.isDirectory()) return handle;
    await handle.close();
    return undefined;
  } catch (error) {
    // ENXIO: a socket, or a pipe that nobody reads.
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "ENXIO")) return undefined;
    throw error;
  }
}

// A folder with at least one version is a ref; refs may lie below it too.
function collectRefs(at: Layout, name: string, into: string[], guard: (path: string) => void): void {
  const entries = entriesOf(`${at.refs}/${name}`);
  if (name !== "" && entries.some((entry) => entry.isFile() && versionOfFile(entry.name) !== undefined))
    into.push(name);
  for (const entry of entries) {
    const path = name === "" ? entry.name : `${name}/${entry.name}`;
    if (!entry.isDirectory() && !entry.isFile()) guard(`${at.refs}/${path}`);
    if (entry.isDirectory() && isRefSegment(entry.name)) collectRefs(at, path, into, guard);
  }
}
