import { mkdtempSync, openSync, readSync, writeSync, closeSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { layoutOf, blobPath } from "./layout.ts";
import { openDirectoryStore } from "./open.ts";
import type { DirectoryStore } from "./open.ts";

/** A folder for one test file, removed when its tests have ended. */
export function tempFolders(): () => string {
  const made: string[] = [];
  after(() => {
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-store-"));
    made.push(folder);
    return folder;
  };
}

/** Opens stores in folders of their own; all are closed and removed at the end. */
export function tempStores(): (root?: string) => Promise<DirectoryStore> {
  const folder = tempFolders();
  const stores: DirectoryStore[] = [];
  after(async () => {
    for (const store of stores) await store.close();
  });
  return async (root = folder()) => {
    const store = await openDirectoryStore(root);
    stores.push(store);
    return store;
  };
}

export function blobFile(root: string, sha256: string): string {
  const file = blobPath(layoutOf(root), sha256);
  if (file === undefined) throw new Error(`'${sha256}' is no SHA-256`);
  return file;
}

/** Flips the first bit of a file in place: same inode, same size. */
export function flipBit(file: string): void {
  const fd = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, 0);
  writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 0);
  closeSync(fd);
}
