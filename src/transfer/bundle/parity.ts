import { mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { syncFolder } from "./durable.ts";
import { par2, PARITY } from "./par2.ts";
import { roomIn } from "./room-in.ts";

export interface ParityRequest {
  readonly folder: string;
  /** Of all bytes of the bundle, 1 to 100. */
  readonly percent: number;
  /** No file is larger. */
  readonly partBytes: number;
  readonly signal: AbortSignal;
}

/** More blocks make it slower, fewer of them coarser. */
const BLOCKS = 2000;
const LEAST_BLOCK = 4096;
const SCRATCH = "parity.partial";
// Each volume says again what the files are.
const OVERHEAD = 1.3;

/**
 * Adds parity to a finished bundle, over all of its files: so much of it may be lost, and `par2 repair` brings it back. It is no part of what is signed, since what it
 * repairs is proven by the signed list anyway. False where it is there already. Throws program_missing, disk_full.
 */
export async function addParity({ folder, percent, partBytes, signal }: ParityRequest): Promise<boolean> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const index = `parity-${percent}.par2`;
  if (names.some(({ name }) => name === index)) return false;
  const files = names.map(({ name }) => name).filter((name) => !PARITY.test(name) && !name.startsWith("."));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const block = Math.max(LEAST_BLOCK, Math.ceil(total / BLOCKS / 4096) * 4096);
  // One more for each part that may be lost whole: its last block is not full.
  const lost = Math.ceil((files.length * percent) / 100) + 1;
  const blocks = Math.ceil((total * percent) / 100 / block) + lost;
  const bytes = blocks * block * OVERHEAD;
  await roomIn(folder, bytes);
  const scratch = join(folder, SCRATCH);
  const least = Math.ceil(bytes / partBytes);
  for (let volumes = Math.min(blocks, least); ; volumes = Math.min(blocks, volumes * 2)) {
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch);
    const args = ["create", "-q", "-q", `-s${block}`, `-c${blocks}`, `-n${volumes}`, "-u", `-B${folder}`];
    const { status, said } = await par2([...args, "--", join(scratch, index), ...files], folder, signal);
    if (status !== 0)
      throw new SluiceError("disk_full", `par2 could not write its files to ${folder}: ${said.trim()}`);
    // What else stands in a volume grows with the number of blocks, by rules of par2's own.
    if (await areSmall(scratch, partBytes)) break;
    if (volumes === blocks)
      throw new SluiceError(
        "usage",
        `--parity cannot be had in files of ${partBytes} bytes: give a larger --part-size.`,
      );
  }
  const made = await readdir(scratch);
  // The index comes last: where it is, all is.
  for (const name of [...made.filter((one) => one !== index), index])
    await rename(join(scratch, name), join(folder, name));
  await rmdir(scratch);
  await syncFolder(folder);
  return true;
}

async function areSmall(folder: string, most: number): Promise<boolean> {
  for (const name of await readdir(folder)) if ((await stat(join(folder, name))).size > most) return false;
  return true;
}
