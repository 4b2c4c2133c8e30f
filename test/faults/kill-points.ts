import { join } from "node:path";
import { pathOf } from "./strace-log.ts";
import type { Call } from "./strace-log.ts";
import type { CallPoint } from "./strace.ts";

/** Calls at which a kill strikes. Opening is not among them: a new file is written next, and starting Node opens hundreds. */
export const STRIKE_CALLS: readonly string[] = [
  "chmod",
  "copy_file_range",
  "fallocate",
  "fchmod",
  "fdatasync",
  "fsync",
  "ftruncate",
  "link",
  "mkdir",
  "pwrite64",
  "pwritev",
  "rename",
  "rmdir",
  "symlink",
  "sync_file_range",
  "unlink",
  "utimensat",
  "write",
  "writev",
];

/** What a run that is to be struck is given: with one thread for files the nth call of each run is the same. */
export const STRIKE_ENV = { UV_THREADPOOL_SIZE: "1" } as const;

/**
 * Points of a recorded run, evenly spread over its calls on what lies below the folder. strace counts the calls of each name and thread by itself and strikes
 * at the first thread that reaches the nth: so a point is a call that was the first to reach its number.
 */
export function killPoints(calls: readonly Call[], folder: string, amount: number): CallPoint[] {
  const children = new Set(calls.filter(({ name }) => name === "execve").map(({ pid }) => pid));
  children.delete(calls[0]?.pid ?? 0);
  const counts = new Map<string, number>();
  const reached = new Set<string>();
  const points: CallPoint[] = [];
  for (const call of calls) {
    const { pid, name } = call;
    const nth = (counts.get(`${pid} ${name}`) ?? 0) + 1;
    counts.set(`${pid} ${name}`, nth);
    if (reached.has(`${name} ${nth}`)) continue;
    reached.add(`${name} ${nth}`);
    if (!children.has(pid) && STRIKE_CALLS.includes(name) && touches(call, folder))
      points.push({ name, nth });
  }
  // In the middle of equal parts: few points then lie where most of the work is.
  const count = Math.min(amount, points.length);
  const at = (nth: number): number => Math.floor(((nth + 0.5) * points.length) / count);
  return Array.from({ length: count }, (_, nth) => points[at(nth)]).filter((point) => point !== undefined);
}

function touches({ args }: Call, folder: string): boolean {
  return args.some((arg) => {
    const path = pathOf(arg);
    return path === folder || path?.startsWith(join(folder, "/")) === true;
  });
}
