import type { Claim } from "../ecosystems/contract.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import type { Channel } from "./channels.ts";
import { writtenTimes } from "./written-times.ts";

/**
 * Ids of the snapshots whose packages and by-hash files a channel goes on serving for one mirror, newest use first, without the current one. A snapshot
 * has grace for `graceMs` after it left the channel; and, after a move back, until the channel's date has passed its own, since apt keeps its newer
 * lists until then. `history` is oldest first; `record` gives undefined for a snapshot that is gone. Of what left before `since` (ms), no one knows when that was: it
 * counts as then.
 */
export function graceSnapshots(
  history: readonly Channel[],
  mirror: string,
  now: number,
  graceMs: number,
  record: (id: string) => SnapshotRecord | undefined,
  since = -Infinity,
): string[] {
  const times = writtenTimes(history, now);
  const current = history.at(-1)?.body.mirrors[mirror];
  const currentRecord = current === undefined ? undefined : record(current);
  const found = new Set<string>();
  for (let at = history.length - 2; at >= 0; at--) {
    const id = history[at]?.body.mirrors[mirror];
    const left = Math.max(times[at + 1] ?? now, since);
    if (id === undefined || id === current || found.has(id)) continue;
    const old = record(id);
    if (old === undefined) continue;
    const abandoned = currentRecord !== undefined && isNewer(old.claims, currentRecord.claims);
    if (now - left < graceMs || abandoned) found.add(id);
  }
  return [...found];
}

/** True where any root of `a` is dated after the same root in `b`. */
export function isNewer(a: readonly Claim[], b: readonly Claim[]): boolean {
  return a.some((claim) => {
    const other = b.find((one) => one.root === claim.root);
    return claim.date !== undefined && other?.date !== undefined && claim.date > other.date;
  });
}
