/** Milliseconds: the first wait, and the longest that is waited by ourselves or because a server says so. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const LONGEST_RETRY_AFTER = 120_000;

/**
 * Milliseconds before the try after `attempt` (1, 2, …): doubling, the upper half at random so that many
 * clients do not come at once.
 */
export function backOff(attempt: number, retryAfter = 0, random: () => number = Math.random): number {
  const step = Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT);
  const own = step / 2 + (step / 2) * random();
  return Math.round(Math.max(own, Math.min(retryAfter, LONGEST_RETRY_AFTER)));
}

/**
 * Milliseconds that a Retry-After header (RFC 9110, 10.2.3: seconds or a date) asks for; 0 for none or
 * nonsense.
 */
export function parseRetryAfter(header: string | undefined, now: number): number {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
