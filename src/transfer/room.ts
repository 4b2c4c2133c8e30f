import { SluiceError } from "../base/errors.ts";
import type { WriteStore } from "../store/contract.ts";
import { bytesOf, type Blobs } from "./send.ts";

// Blocks, folders and records need some room beside the bytes.
const MARGIN = 1.05;
const PER_FILE = 4096;

/** Holds that the files fit before the first is written. Throws disk_full, with both figures. */
export async function roomFor(to: WriteStore, blobs: Blobs, what: string): Promise<void> {
  const bytes = bytesOf(blobs);
  const needed = Math.ceil(bytes * MARGIN) + blobs.size * PER_FILE;
  const free = await to.freeBytes();
  if (needed <= free) return;
  throw new SluiceError(
    "disk_full",
    `What is missing of ${what} takes ${mebibytes(needed)}, and ${mebibytes(free)} are free: make room, or select less.`,
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
