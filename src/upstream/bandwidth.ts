/** A time of the week with its own rate, by local time. */
export interface BandwidthWindow {
  /** Days on which the window begins, 0 for Sunday; empty: every day. */
  readonly days: readonly number[];
  /** Minutes since midnight. A window whose end is not after its start goes on into the next day. */
  readonly from: number;
  readonly to: number;
  /** Bytes a second; Infinity: no limit. */
  readonly rate: number;
}

/** How fast to fetch: the first window that holds now counts; none: no limit. */
export type Bandwidth = readonly BandwidthWindow[];

const DAY = 24 * 60;

/** The same rate at all times. */
export function constantRate(rate: number): Bandwidth {
  return [{ days: [], from: 0, to: DAY, rate }];
}

/** Bytes a second at `now` (ms since 1970); Infinity where nothing limits them. */
export function rateAt(bandwidth: Bandwidth, now: number): number {
  const date = new Date(now);
  const minute = date.getHours() * 60 + date.getMinutes();
  return bandwidth.find((window) => holds(window, date.getDay(), minute))?.rate ?? Infinity;
}

function holds({ days, from, to }: BandwidthWindow, day: number, minute: number): boolean {
  const begins = (on: number): boolean => days.length === 0 || days.includes(on);
  if (from < to) return begins(day) && minute >= from && minute < to;
  return (begins(day) && minute >= from) || (begins((day + 6) % 7) && minute < to);
}

/** The next moment (ms since 1970) at which a window begins or ends; that the rate is then another is not said. */
export function nextChange(bandwidth: Bandwidth, now: number): number {
  const date = new Date(now);
  // Built of local dates, so that an hour that summer time takes or gives is counted.
  const at = (days: number, minute: number): number =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, 0, minute).getTime();
  const edges = bandwidth.flatMap(({ from, to }) => [0, 1, 2].flatMap((day) => [at(day, from), at(day, to)]));
  return Math.min(...edges.filter((edge) => edge > now));
}
