import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { asSluiceError } from "../../base/errors.ts";
import { discardFile, entriesOf, makeDirectory, writeFile } from "./files.ts";
import type { Layout } from "./layout.ts";

const FILES = 16;
const BYTES_EACH = 64 * 1024;
/** Taken only from a disk that has many times as much. */
const PLENTY = 16 * FILES * BYTES_EACH;

/**
 * Holds some room back, so that what makes room can run on a full disk: several files, since a disk can also run out of
 * those. Does nothing where it cannot.
 */
export function holdReserve(at: Layout): void {
  try {
    const there = new Set(entriesOf(at.reserve).map(({ name }) => name));
    if (there.size >= FILES || roomOf(at) < PLENTY) return;
    makeDirectory(at.reserve);
    for (let nth = 0; nth < FILES; nth++)
      // Of a kind that no file system makes smaller.
      if (!there.has(String(nth))) writeFile(`${at.reserve}/${nth}`, randomBytes(BYTES_EACH));
  } catch {
    // Another process may make it too; a disk may be read-only, or fill just now.
  }
}

function roomOf(at: Layout): number {
  const { bavail, bsize } = fs.statfsSync(at.root);
  return bavail * bsize;
}

/** Runs the action; where it finds the disk full, once more without the reserve, which the next open restores. */
export async function withReserve<T>(at: Layout, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const held = entriesOf(at.reserve);
    if (asSluiceError(error).code !== "disk_full" || held.length === 0) throw error;
    for (const { name } of held) discardFile(`${at.reserve}/${name}`);
    return await action();
  }
}
