/** Bytes a second: a body that brings fewer has stalled, as one that brings none. */
export const LEAST_RATE = 100;

/**
 * Watches how fast a body comes: told how long each chunk was waited for and how long it is, it says whether the body
 * has trickled for the whole of the last `windowMs`. Waits alone count: the reader may be as slow as it likes.
 */
export function trickleWatch(windowMs: number): (waitedMs: number, bytes: number) => boolean {
  let waited = 0;
  let came = 0;
  return (waitedMs, bytes) => {
    waited += waitedMs;
    came += bytes;
    if (waited < windowMs) return false;
    const trickles = came < (LEAST_RATE * waited) / 1000;
    waited = 0;
    came = 0;
    return trickles;
  };
}
