import { BYTE_UNITS } from "../base/byte-units.ts";
import { SluiceError } from "../base/errors.ts";

const UNITS: ReadonlyMap<string, number> = new Map([["", 1], ...BYTE_UNITS]);

/** The largest file that FAT32 can hold. */
export const FAT_MOST = 2 ** 32 - 1;
// One file for each disc, with room for the small ones.
const DVD = 4_200_000_000;

/** Bytes of `4GiB`, `700MB`, `dvd` or a plain number. 4GiB is what FAT32 can hold: one byte less. Throws usage. */
export function parsePartSize(text: string): number {
  if (text.toLowerCase() === "dvd") return DVD;
  const [, figure, unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = UNITS.get(unit);
  if (figure === undefined || factor === undefined)
    throw new SluiceError("usage", `--part-size takes a size such as 4GiB, 700MB or dvd, not '${text}'.`);
  const bytes = Math.floor(Number(figure) * factor);
  return bytes === FAT_MOST + 1 ? FAT_MOST : bytes;
}
