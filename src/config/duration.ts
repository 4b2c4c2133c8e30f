const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

// So short that any of them can be added to a date.
export const DURATION = /^(\d{1,7})(ms|s|m|h|d)$/;

/** Milliseconds of a time such as `30s`, `90m`, `24h`, `7d`; undefined where it is not one. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1);
}
