import { SluiceError } from "../../base/errors.ts";

/** What is to be written again: a whole bundle, or some of its parts. */
export interface Wanted {
  readonly bundle: number;
  /** The first digits of the bundle's id; absent where the destination is told in another way. */
  readonly id?: string | undefined;
  /** Absent: all. */
  readonly parts?: readonly number[] | undefined;
}

const ID_DIGITS = 6;
const MOST_PARTS = 100_000;

/** `13.a1b2c3`, `13.a1b2c3:3,7-9`: short enough to be carried back on paper. */
export function formatCode({ bundle, id = "", parts }: Wanted): string {
  const name = id === "" ? String(bundle) : `${bundle}.${id.slice(0, ID_DIGITS)}`;
  return parts === undefined ? name : `${name}:${formatRanges(parts, ",")}`;
}

/** `3, 7-9` */
export function formatRanges(numbers: readonly number[], between = ", "): string {
  const ranges: [number, number][] = [];
  for (const number of [...new Set(numbers)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(between);
}

/** Reads a code back; throws usage. */
export function parseCode(text: string): Wanted {
  const match =
    /^(\d{1,9})(?:\.([0-9a-f]{4,64}))?(?::(\d{1,6}(?:-\d{1,6})?(?:,\d{1,6}(?:-\d{1,6})?)*))?$/.exec(
      text.trim().toLowerCase(),
    );
  if (match === null)
    throw new SluiceError(
      "usage",
      `'${text}' is no code of a bundle: it looks like 13.a1b2c3 or 13.a1b2c3:3,7-9, and the import that lacks something prints it.`,
    );
  const parts = match[3]?.split(",").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    if (to < from || to - from > MOST_PARTS)
      throw new SluiceError("usage", `'${range}' in '${text}' is no range of parts.`);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
  return { bundle: Number(match[1]), id: match[2], parts };
}
