import { nextChange, rateAt, type Bandwidth } from "./bandwidth.ts";

/** Lets bytes through at a rate. One bucket may serve many bodies: they take turns. */
export interface Bucket {
  /** Bytes to ask for at a time, so that all who wait come to their turn soon. */
  quantum(): number;
  /** Resolves when `bytes` may pass; rejects with the signal's reason at once when it is aborted. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
}

/** The time that a bucket goes by; tests have their own. */
export interface Timing {
  /** Ms since 1970. */
  now(): number;
  /** Calls once after so many ms; the function that it gives calls that off. */
  after(ms: number, call: () => void): () => void;
}

const systemTiming: Timing = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** What may pass at once after a rest, and what one body takes in its turn, in seconds of the rate. */
const BURST_SECONDS = 0.25;
const TURN_SECONDS = 0.05;
const LEAST_TURN = 1024;
const MOST_TURN = 1 << 20;
/** A clock that is set anew is noticed within this time. */
const LONGEST_SLEEP_MS = 60_000;

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

/**
 * A token bucket whose rate follows the windows, also while bodies wait. Who comes takes the tokens that are there, and may leave a debt that
 * the next one waits for: so the rate holds whatever the size of the pieces.
 */
export function createBucket(bandwidth: Bandwidth, timing: Timing = systemTiming): Bucket {
  const waiting: Waiter[] = [];
  let last = timing.now();
  let rate = rateAt(bandwidth, last);
  let changes = nextChange(bandwidth, last);
  let tokens = burst(rate);
  let cancel: (() => void) | undefined;

  function settle(): void {
    const now = timing.now();
    const seconds = Math.max(0, now - last) / 1000;
    if (rate !== Infinity) tokens = Math.min(burst(rate), tokens + rate * seconds);
    if (now >= changes || now < last) {
      rate = rateAt(bandwidth, now);
      changes = nextChange(bandwidth, now);
      // What is next to nothing at a fast rate must not stop a slow one for minutes.
      tokens = Math.max(-rate, Math.min(burst(rate), tokens));
    }
    last = now;
  }

  function pass(bytes: number): boolean {
    if (rate === Infinity) return true;
    if (tokens < 0) return false;
    tokens -= bytes;
    return true;
  }

  function wake(): void {
    cancel = undefined;
    settle();
    for (let first = waiting[0]; first !== undefined && pass(first.bytes); first = waiting[0]) {
      waiting.shift();
      first.go();
    }
    arm();
  }

  function arm(): void {
    if (waiting.length === 0 || cancel !== undefined) return;
    const debtMs = Math.ceil((-tokens / rate) * 1000);
    const ms = Math.min(debtMs, changes - last, LONGEST_SLEEP_MS);
    cancel = timing.after(Math.max(1, ms), wake);
  }

  return {
    quantum() {
      settle();
      return Math.round(Math.min(MOST_TURN, Math.max(LEAST_TURN, rate * TURN_SECONDS)));
    },
    async take(bytes, signal) {
      signal?.throwIfAborted();
      settle();
      if (waiting.length === 0 && pass(bytes)) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter = { bytes, go: resolve };
      const stop = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1);
        if (waiting.length === 0) {
          cancel?.();
          cancel = undefined;
        }
        reject(signal?.reason as Error);
      };
      waiting.push(waiter);
      signal?.addEventListener("abort", stop, { once: true });
      arm();
      await promise.finally(() => signal?.removeEventListener("abort", stop));
    },
  };
}

function burst(rate: number): number {
  return rate === Infinity ? 0 : rate * BURST_SECONDS;
}
