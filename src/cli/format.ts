const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `1.2 MB`: powers of 1000, as disks and networks count. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "unlimited";
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1,234 files`, `1 file`. */
export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** `0:07`, `12:34`, `1:02:03`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${parts.join(":")}` : parts.join(":").replace(/^0/, "");
}

const AGES = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** `3 hours ago`, for times in milliseconds since 1970. */
export function formatAge(then: number, now: number): string {
  const seconds = (now - then) / 1000;
  if (seconds < -60) return "in the future";
  for (const [unit, length] of AGES)
    if (seconds >= length) return `${formatCount(Math.floor(seconds / length), unit)} ago`;
  return "just now";
}

/** Groups of four, as fingerprints are read aloud and compared. */
export function formatFingerprint(fingerprint: string): string {
  return (fingerprint.match(/.{1,4}/g) ?? []).join(" ");
}

/** `2026-12-21`, `2026-11-01, expired`, for the expiry (ISO) of a channel. */
export function formatExpiry(expires: string | null, now: number): string {
  if (expires === null) return "no expiry";
  return `${expires.slice(0, 10)}${Date.parse(expires) > now ? "" : ", expired"}`;
}
