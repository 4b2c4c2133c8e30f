/** A store in use has a new record more often than that (ms): over a longer gap the clock may have jumped. */
export const LONG_MS = 366 * 86_400_000;

/**
 * When each version of a row, oldest first, was written at the latest, in ms. A time that is after now, or before that of an earlier version, is one of a clock
 * that was wrong: it stands for that of the next version with a time that can be right, or for now.
 */
export function writtenTimes(row: readonly { readonly at: string }[], now: number): number[] {
  let newest = -Infinity;
  const times = row.map(({ at }) => {
    const time = Date.parse(at);
    if (!(time <= now && time >= newest)) return undefined;
    newest = time;
    return time;
  });
  let next = now;
  return times
    .toReversed()
    .map((time) => (next = time ?? next))
    .toReversed();
}

/** Since when (ms) the clock has gone on as a clock does, by the times that it has given: the end of the last long gap between them, -Infinity where there is none. */
export function steadySince(times: readonly number[], now: number): number {
  const known = [...times.filter((time) => time <= now), now].toSorted((a, b) => a - b);
  const at = known.findLastIndex((time, nth) => time - (known[nth - 1] ?? time) > LONG_MS);
  return known[at] ?? -Infinity;
}
