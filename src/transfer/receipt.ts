/** What a site says that it holds of another one's, so that the next export to it brings the rest alone. */
export interface Receipt {
  /** The id of the site that says so. */
  readonly site: string;
  /** The fingerprint of the key that signs it: the site's newest. */
  readonly key: string;
  /** The id of the site whose snapshots it has imported. */
  readonly sender: string;
  /** ISO, to the second. */
  readonly at: string;
  readonly channels: readonly HeldChannel[];
  /** The highest number of a bundle that was taken; 0 where none was. */
  readonly bundle: number;
  /** Below it, the numbers and ranges of those that were not: `3`, `7-9`. */
  readonly missing: readonly string[];
}

/** A version of a channel of the sender's whose snapshots are all there, or only those of some mirrors. */
export interface HeldChannel {
  readonly name: string;
  readonly version: number;
  /** How the SHA-256 of that version begins. */
  readonly digits: string;
  /** The sender's names of the mirrors that are there, where not all are. */
  readonly only?: readonly string[];
}

/** How many digits of a version's hash a receipt gives. */
export const DIGITS = 8;

/** Numbers as ranges, in order. */
export function ranges(numbers: readonly number[]): string[] {
  const found: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && last[1] >= number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
}

/** The numbers of ranges that were parsed, up to a bound. */
export function numbersIn(texts: readonly string[], most: number): number[] {
  return texts.flatMap((text) => {
    const [from = 0, to = from] = text.split("-").map(Number);
    return Array.from({ length: Math.max(0, Math.min(to, most) - from + 1) }, (_, at) => from + at);
  });
}
