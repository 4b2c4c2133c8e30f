import { setImmediate } from "node:timers/promises";

/** For long rows of synchronous calls: `await pace()` after each gives way to other work every few milliseconds. */
export function startPace(): () => Promise<void> | undefined {
  let count = 0;
  let since = performance.now();
  return () => {
    if ((++count & 15) !== 0 || performance.now() - since < 6) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
