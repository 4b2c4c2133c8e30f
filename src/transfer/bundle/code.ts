import { SluiceError } from "../../base/errors.ts";

/** What is to be written again: a whole bundle, or some of its parts. */
export interface Wanted {
  readonly bundle: number;
  /** Absent: all. */
  readonly parts?: readonly number[] | undefined;
}

/** `13`, `13:3`, `13:3,7-9`: short enough to be carried back on paper. */
export function formatCode({ bundle, parts }: Wanted): string {
  if (parts === undefined) return String(bundle);
  const ranges: [number, number][] = [];
  for (const part of [...new Set(parts)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === part - 1) last[1] = part;
    else ranges.push([part, part]);
  }
  return `${bundle}:${ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(",")}`;
}

/** Reads it back; throws usage. */
export function parseCode(text: string): Wanted {
  const match = /^(\d{1,9})(?::(\d{1,6}(?:-\d{1,6})?(?:,\d{1,6}(?:-\d{1,6})?)*))?$/.exec(text.trim());
  if (match === null)
    throw new SluiceError("usage", `'${text}' is no code of a bundle: it looks like 13, 13:3 or 13:3,7-9.`);
  const bundle = Number(match[1]);
  if (match[2] === undefined) return { bundle };
  const parts = match[2].split(",").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    if (to < from || to - from > 100_000)
      throw new SluiceError("usage", `'${range}' in '${text}' is no range of parts.`);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
  return { bundle, parts };
}
