/** How many snapshots to keep: the newest `last`, and the newest of each of so many hours, days, ISO weeks, months, years that have any. */
export interface Keep {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
}

const PERIODS = {
  hourly: (id: string) => id.slice(0, 11),
  daily: (id: string) => id.slice(0, 8),
  weekly: isoWeek,
  monthly: (id: string) => id.slice(0, 6),
  yearly: (id: string) => id.slice(0, 4),
} as const;

/**
 * Which of a mirror's snapshot ids (oldest first) the policy keeps. The newest is always kept. `timeOf` gives the time that a snapshot was made at, in the form of an id,
 * where that is not its id.
 */
export function keptByPolicy(
  ids: readonly string[],
  keep: Keep,
  timeOf: (id: string) => string = (id) => id,
): Set<string> {
  const newestFirst = ids.toReversed();
  const kept = new Set(newestFirst.slice(0, Math.max(1, keep.last ?? 0)));
  for (const [name, period] of Object.entries(PERIODS)) {
    const seen = new Set<string>();
    for (const id of newestFirst) {
      if (seen.size >= (keep[name as keyof typeof PERIODS] ?? 0)) break;
      const time = timeOf(id);
      if (!seen.has(period(time))) kept.add(id);
      seen.add(period(time));
    }
  }
  return kept;
}

// ISO 8601: the week belongs to the year that its Thursday is in.
function isoWeek(id: string): string {
  const day = new Date(Date.UTC(Number(id.slice(0, 4)), Number(id.slice(4, 6)) - 1, Number(id.slice(6, 8))));
  day.setUTCDate(day.getUTCDate() + 3 - ((day.getUTCDay() + 6) % 7));
  const week = Math.floor((day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / 604_800_000);
  return `${day.getUTCFullYear()}w${week}`;
}
