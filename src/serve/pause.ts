import { setImmediate } from "node:timers/promises";

const SLICE_MS = 4;

/** A function for long work to call often: lets requests in between where a few milliseconds have passed. */
export function startPause(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await setImmediate();
    since = performance.now();
  };
}
