import { readFile, rename, writeFile } from "node:fs/promises";
import { SCRUB_BEGIN, type ScrubPosition } from "../channel/scrub.ts";

/** One pass, under way or over. Times in ms since 1970. */
export interface ScrubPass {
  readonly begun: number;
  readonly bytes: number;
  /** How much it found wrong. */
  readonly found: number;
}

/** What is remembered of scrubbing: derived, and may be lost. */
export interface ScrubRecord {
  /** The pass that is under way. */
  readonly now?: ScrubPass & { readonly at: ScrubPosition };
  /** The last that came to its end. */
  readonly last?: ScrubPass & { readonly ended: number };
}

const FORMAT = 1;

function fileIn(data: string): string {
  return `${data}/scrub.json`;
}

/** What is remembered in a data directory; nothing where that is not there or cannot be understood. */
export async function readScrubRecord(data: string): Promise<ScrubRecord> {
  try {
    const read = JSON.parse(await readFile(fileIn(data), "utf8")) as Partial<Record<string, unknown>>;
    if (read["format"] !== FORMAT) return {};
    const { now, last } = read as ScrubRecord;
    return {
      ...(now !== undefined && isUnderWay(now) && { now }),
      ...(last !== undefined && isOver(last) && { last }),
    };
  } catch {
    return {};
  }
}

/** Remembers it, where the data directory can be written. Not synced: what is lost is looked at again. */
export async function writeScrubRecord(data: string, record: ScrubRecord): Promise<void> {
  const file = fileIn(data);
  try {
    await writeFile(`${file}.new`, `${JSON.stringify({ format: FORMAT, ...record }, undefined, 1)}\n`);
    await rename(`${file}.new`, file);
  } catch {
    // A full disk or one that is read-only: the next start begins again.
  }
}

function isUnderWay({ at, ...pass }: NonNullable<ScrubRecord["now"]>): boolean {
  return isPass(pass) && ["records", "blobs", "snapshots"].includes(at.phase) && typeof at.after === "string";
}

function isOver({ ended, ...pass }: NonNullable<ScrubRecord["last"]>): boolean {
  return isPass(pass) && isCount(ended);
}

function isPass({ begun, bytes, found }: ScrubPass): boolean {
  return [begun, bytes, found].every(isCount);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The pass that goes on, or a new one. */
export function passOf({ now }: ScrubRecord, time: number): NonNullable<ScrubRecord["now"]> {
  return now ?? { begun: time, bytes: 0, found: 0, at: SCRUB_BEGIN };
}
