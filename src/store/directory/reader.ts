import fs from "node:fs";
import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { blobMissing, checkBlob, checkBlobSize } from "../checks.ts";
import type { ReadStore } from "../contract.ts";
import { isRefName, isRefSegment, isVersion, versionOfFile } from "../ref-names.ts";
import { entriesOf, isErrno } from "./files.ts";
import { blobPath } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { quarantinedBlobs } from "./quarantine.ts";

const READ_CHUNK = 256 * 1024;

/** The reading half of a directory store. */
export function directoryReads(at: Layout): Omit<ReadStore, "close"> {
  return {
    async statBlob(sha256) {
      const file = blobPath(at, sha256);
      const stat = file === undefined ? undefined : fs.lstatSync(file, { throwIfNoEntry: false });
      return stat?.isFile() ? { sha256, size: stat.size, modified: stat.mtimeMs } : undefined;
    },
    async openBlob(sha256, range) {
      const handle = await openFile(at, sha256);
      return handle.createReadStream({ ...range, highWaterMark: READ_CHUNK });
    },
    async openBlobFile(sha256) {
      const handle = await openFile(at, sha256);
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
      const handle = await openFile(at, sha256);
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
      const names: string[] = [];
      collectRefs(at, parents.join("/"), names);
      return names.filter((name) => name.startsWith(prefix)).toSorted();
    },
    async refVersions(name) {
      if (!isRefName(name)) return [];
      const versions = entriesOf(`${at.refs}/${name}`).map((entry) => versionOfFile(entry.name));
      return versions.filter((version) => version !== undefined).toSorted((a, b) => a - b);
    },
    async readRef(name, version) {
      if (!isRefName(name) || !isVersion(version)) return undefined;
      try {
        return await readFile(versionPath(at, name, version));
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
        throw error;
      }
    },
  };
}

export function versionPath(at: Layout, name: string, version: number): string {
  return `${at.refs}/${name}/${version}.json`;
}

async function openFile(at: Layout, sha256: string): Promise<FileHandle> {
  const file = blobPath(at, sha256);
  if (file === undefined) throw blobMissing(sha256);
  try {
    return await open(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ELOOP")) throw blobMissing(sha256);
    throw error;
  }
}

// A folder with at least one version is a ref; refs may lie below it too.
function collectRefs(at: Layout, name: string, into: string[]): void {
  const entries = entriesOf(`${at.refs}/${name}`);
  if (name !== "" && entries.some((entry) => entry.isFile() && versionOfFile(entry.name) !== undefined))
    into.push(name);
  for (const entry of entries)
    if (entry.isDirectory() && isRefSegment(entry.name))
      collectRefs(at, name === "" ? entry.name : `${name}/${entry.name}`, into);
}
