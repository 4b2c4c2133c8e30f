import type { Timing } from "./bucket.ts";

/** Time that goes on only where a test lets it: from one timer to the next. */
export interface FakeTiming extends Timing {
  time: number;
  /** Timers that were set so far: who waits busily sets many. */
  readonly set: number;
  /** Timers that wait now. */
  readonly pending: number;
  /** Lets the time go on until `done` is true; without it, until no timer waits. */
  run(done?: () => boolean): Promise<void>;
}

export function fakeTiming(start: number): FakeTiming {
  const timers = new Set<{ at: number; call: () => void }>();
  let set = 0;
  const timing: FakeTiming = {
    time: start,
    get set() {
      return set;
    },
    get pending() {
      return timers.size;
    },
    now: () => timing.time,
    after(ms, call) {
      set++;
      const timer = { at: timing.time + ms, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async run(done) {
      for (;;) {
        // What a timer set free runs on before the time does.
        await new Promise((resolve) => setImmediate(resolve));
        const [next] = [...timers].toSorted((a, b) => a.at - b.at);
        if (done === undefined ? next === undefined : done()) return;
        // A connection is at work, which no timer tells of.
        if (next === undefined) continue;
        timers.delete(next);
        timing.time = Math.max(timing.time, next.at);
        next.call();
      }
    },
  };
  return timing;
}
