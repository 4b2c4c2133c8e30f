const WINDOW_MS = 8000;

/** Bytes a second over the last few seconds, from samples of a growing count. */
export interface Rate {
  add(now: number, bytes: number): void;
  perSecond(): number;
}

export function createRate(): Rate {
  const samples: { now: number; bytes: number }[] = [];
  return {
    add(now, bytes) {
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
