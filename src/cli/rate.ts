const WINDOW_MS = 8000;
/** Samples that are nearer to each other count as one. */
const NEAR_MS = 50;

/** Bytes a second over the last few seconds, from samples of a growing count. */
export interface Rate {
  add(now: number, bytes: number): void;
  perSecond(): number;
}

export function createRate(): Rate {
  const samples: { now: number; bytes: number }[] = [];
  return {
    add(now, bytes) {
      if (samples.length > 1 && now - (samples.at(-2)?.now ?? now) < NEAR_MS) samples.pop();
      samples.push({ now, bytes });
      while (samples.length > 2 && (samples[1]?.now ?? now) < now - WINDOW_MS) samples.shift();
    },
    perSecond() {
      const first = samples[0];
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.now <= first.now) return 0;
      return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.now - first.now));
    },
  };
}
