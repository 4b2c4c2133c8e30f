import type { Outcome } from "./fault.ts";

/** Numbers from 0 to 1, always the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes the tries 0 to amount - 1, one in each lane at a time, and counts what they come out as. The first that throws ends it, and is named by `label`. */
export async function inLanes<L>(
  lanes: readonly L[],
  amount: number,
  label: (nth: number) => string,
  one: (lane: L, nth: number) => Promise<string>,
): Promise<Outcome> {
  const outcomes: Record<string, number> = {};
  const failures: Error[] = [];
  let next = 0;
  const work = async (lane: L): Promise<void> => {
    while (next < amount && failures.length === 0) {
      const nth = next++;
      try {
        const outcome = await one(lane, nth);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failures.push(new Error(`try ${nth} (${label(nth)}): ${message}`, { cause: error }));
      }
    }
  };
  // All have ended before anything that they use is closed.
  await Promise.all(lanes.map(work));
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return { tried: amount, outcomes };
}
