import { statfs } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";

// The small files, and what a file system keeps for itself.
const SPARE = 4 * 1024 * 1024;

/** Holds that so many bytes of a bundle fit into a folder before the first is written. Throws disk_full, with both figures. */
export async function roomIn(folder: string, bytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(folder);
  // Some drivers for sticks do not say how large these are.
  if (blocks === 0) return;
  const needed = Math.ceil(bytes * 1.01) + SPARE;
  if (needed <= bavail * bsize) return;
  const mebibytes = (count: number): string => `${(count / 2 ** 20).toFixed(1)} MiB`;
  throw new SluiceError(
    "disk_full",
    `The bundle takes ${mebibytes(needed)} in ${folder}, and ${mebibytes(bavail * bsize)} are free there: use a larger medium, or select less.`,
  );
}
