import { Session } from "node:inspector/promises";
import type { Profiler } from "node:inspector";

/** What of some sources has run, by V8's own block coverage. A block counts from the moment at which it is met. */
export interface Coverage {
  /** True where the runs since the last call reached what none had before; remembers it, unless it is only asked. */
  take(remember: boolean): Promise<boolean>;
  /** Of files whose path holds one of these: functions and branches that ran, and all that are known. */
  count(paths: readonly string[]): { covered: number; known: number };
  /** `file:offset` of what never ran. */
  missed(paths: readonly string[]): string[];
}

interface FunctionState {
  readonly url: string;
  readonly start: number;
  called: boolean;
  /** Ranges that did not run in some call, and whether they have in another: `start-end`. */
  readonly blocks: Map<string, boolean>;
}

/** Starts to watch this thread. To be called before the sources are loaded. The URLs of the sources hold one of `parts`. */
export async function watchCoverage(parts: readonly string[]): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const functions = new Map<string, FunctionState>();
  const among = (paths: readonly string[]): FunctionState[] =>
    [...functions.values()].filter(({ url }) => paths.some((path) => url.includes(path)));

  return {
    async take(remember) {
      const { result } = await session.post("Profiler.takePreciseCoverage");
      let news = false;
      for (const { url, functions: found } of result) {
        if (!parts.some((part) => url.includes(part))) continue;
        for (const one of found) news = see(functions, url, one, remember) || news;
      }
      return news;
    },
    count(paths) {
      let [covered, known] = [0, 0];
      for (const { called, blocks } of among(paths)) {
        known += 1 + blocks.size;
        if (called) covered += 1 + [...blocks.values()].filter(Boolean).length;
      }
      return { covered, known };
    },
    missed: (paths) =>
      among(paths).flatMap(({ url, start, called, blocks }) =>
        called
          ? [...blocks].flatMap(([range, ran]) => (ran ? [] : [`${url}:${range.split("-")[0] ?? ""}`]))
          : [`${url}:${start}`],
      ),
  };
}

function see(
  functions: Map<string, FunctionState>,
  url: string,
  { ranges }: Profiler.FunctionCoverage,
  remember: boolean,
): boolean {
  const [whole] = ranges;
  if (whole === undefined) return false;
  const key = `${url} ${whole.startOffset}-${whole.endOffset}`;
  const known = functions.get(key);
  const state = known ?? { url, start: whole.startOffset, called: false, blocks: new Map<string, boolean>() };
  if (known === undefined && remember) functions.set(key, state);
  if (whole.count === 0) return false;
  let news = !state.called;
  if (remember) state.called = true;
  const idle = ranges.filter(({ count }) => count === 0);
  for (const [block, ran] of state.blocks) {
    if (ran) continue;
    const [start = 0, end = 0] = block.split("-").map(Number);
    if (idle.some(({ startOffset, endOffset }) => startOffset <= start && end <= endOffset)) continue;
    news = true;
    if (remember) state.blocks.set(block, true);
  }
  if (remember)
    for (const { startOffset, endOffset } of idle) {
      const block = `${startOffset}-${endOffset}`;
      if (!state.blocks.has(block)) state.blocks.set(block, false);
    }
  return news;
}
