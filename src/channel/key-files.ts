import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SluiceError } from "../base/errors.ts";
import type { Held, PruneStore } from "../store/contract.ts";
import { writeError } from "../store/directory/files.ts";

export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function keyFiles(data: string, privateKey?: string): KeyFiles {
  return {
    privateKey: privateKey ?? join(data, "identity", "private.asc"),
    publicKey: join(data, "identity", "public.asc"),
  };
}

// Created whole or not at all, and never over one that is there: two first writers must end with one identity.
export async function createFile(store: PruneStore, path: string, text: string, mode: number): Promise<void> {
  const folder = dirname(path);
  await using _held = await lockFiles(store);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await using file = await open(temporary, "wx", mode);
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
    await linkUnlessThere(temporary, path);
    // Its folder too may have just been made.
    await syncFolderOf(path);
    await syncFolderOf(folder);
  } catch (error) {
    throw writeError(error, dirname(folder), "the key of this site");
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes what a writer that was killed left: a second copy of the key, at worst. */
export async function removeStrays(store: PruneStore, { privateKey }: KeyFiles): Promise<void> {
  const folder = dirname(privateKey);
  const name = basename(privateKey).replaceAll(".", "\\.");
  const stray = new RegExp(`^(${name}|public\\.asc)\\..+\\.tmp$`);
  const strays = (await readdir(folder)).filter((one) => stray.test(one));
  if (strays.length === 0) return;
  await using _held = await lockFiles(store);
  for (const one of strays) await rm(join(folder, one), { force: true });
}

async function lockFiles(store: PruneStore): Promise<Held> {
  return store.lock("identity", "making the key of this site", { waitMs: 60_000 });
}

/** Makes the names in a file's folder durable. */
export async function syncFolderOf(path: string): Promise<void> {
  await using directory = await open(dirname(path), "r");
  await directory.sync();
}

async function linkUnlessThere(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** The text of a file, undefined where there is none. Throws store_unusable. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new SluiceError("store_unusable", `Cannot read ${path}: check its owner and mode.`, {
      cause: error,
    });
  }
}

/** Where the private key of a rotation lies until the record that brings it is written. */
export function nextKey(files: KeyFiles): string {
  return `${files.privateKey}.next`;
}

/** Puts the new key in the place of the old one; the public one is made again of it by the next write. */
export async function takeNextKey(files: KeyFiles): Promise<void> {
  await rm(files.publicKey, { force: true });
  await rename(nextKey(files), files.privateKey);
  await syncFolderOf(files.privateKey);
}
