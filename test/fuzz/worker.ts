import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { SluiceError } from "../../src/base/errors.ts";
import { randomOf } from "../faults/tries.ts";
import { watchCoverage } from "./coverage.ts";
import type { Coverage } from "./coverage.ts";
import { LIMITS } from "./job.ts";
import type { Job, Message, Report, Shared } from "./job.ts";
import { mutate, randomFrom } from "./mutate.ts";
import { shrink } from "./shrink.ts";
import type { Target, TargetFile } from "./target.ts";

// Runs one target in a thread of its own; the main thread watches that each run ends.
const { job, shared } = workerData as { job: Job; shared: Shared };
const { cpuMs } = { ...LIMITS, ...job.limits };
/** Runs between two looks at the coverage. */
const BATCH = 16;
const MAX_FINDINGS = 20;
/** Tries to make an input shorter that reaches something new. A count and no time: the same seed makes the same inputs. */
const SHRINK_TRIES = 16;

type Verdict = "taken" | "refused" | { readonly fault: string; readonly stack: string };

const coverage: Coverage | undefined = job.guided
  ? await watchCoverage(["/src/", ...job.target.aims])
  : undefined;
const target = await ((await import(job.target.file)) as TargetFile).open();
const maxBytes = target.maxBytes ?? 64 * 1024;
const found = new Set<string>();
let strayed: unknown;
process.on("unhandledRejection", (reason) => {
  strayed = reason;
});
// Such as a file that nobody closed.
process.on("warning", (warning) => {
  if (!warning.name.startsWith("Experimental")) strayed = warning;
});

post({ type: "report", report: await loop() });
process.exit(0);

function post(message: Message): void {
  parentPort?.postMessage(message, []);
}

async function loop(): Promise<Report> {
  const random = randomFrom(randomOf(job.seed));
  const seeds = target.seeds.map((seed) => Buffer.from(seed as string));
  const kept = [...seeds, ...job.inputs.map((input) => Buffer.from(input))];
  const pool: Buffer[] = kept.length > 0 ? [...kept] : [Buffer.alloc(0)];
  const counts = { taken: 0, refused: 0 };
  const reaching: Buffer[] = [];
  const count = async (input: Buffer): Promise<void> => {
    const verdict = await tried(input);
    if (typeof verdict === "string") counts[verdict]++;
    else await report(input, verdict);
  };

  for (const [at, input] of kept.entries()) {
    await count(input);
    if ((await coverage?.take(true)) === true && at >= seeds.length) reaching.push(input);
  }
  const until = performance.now() + job.seconds * 1000;
  let executions = 0;
  while (executions < job.executions && performance.now() < until && found.size < MAX_FINDINGS) {
    const batch: Buffer[] = [];
    while (batch.length < BATCH && executions + batch.length < job.executions) {
      // The latest are where there is most to find.
      const recent = random.int(2) === 0 ? pool.slice(-8) : pool;
      const context = { words: target.words, others: pool, json: target.json };
      batch.push(mutate(random.pick(recent), random, context, maxBytes));
    }
    for (const input of batch) await count(input);
    executions += batch.length;
    if (coverage === undefined || !(await coverage.take(false))) continue;
    for (const input of batch) {
      const news = await reachers(input, coverage);
      pool.push(...news);
      reaching.push(...news);
    }
  }
  const { covered, known } = coverage?.count(job.target.aims) ?? { covered: 0, known: 0 };
  const missed = coverage?.missed(job.target.aims) ?? [];
  return { executions: executions + kept.length, ...counts, covered, known, missed, reaching };
}

/** Short inputs that reach what is new in this one. */
async function reachers(input: Buffer, watched: Coverage): Promise<Buffer[]> {
  const news: Buffer[] = [];
  const isNew = async (candidate: Buffer): Promise<boolean> => {
    const verdict = await tried(candidate);
    if (typeof verdict !== "string") await report(candidate, verdict);
    return watched.take(false);
  };
  // What is found of it may be one of several new things.
  for (let nth = 0; nth < 3 && (await isNew(input)); nth++) {
    const small = await shrink(input, isNew, SHRINK_TRIES);
    await tried(small);
    await watched.take(true);
    news.push(small);
  }
  return news;
}

async function report(input: Buffer, verdict: Exclude<Verdict, string>): Promise<void> {
  const place = placeOf(verdict);
  if (found.has(place)) return;
  found.add(place);
  const same = async (candidate: Buffer): Promise<boolean> => {
    const other = await tried(candidate);
    return typeof other !== "string" && placeOf(other) === place;
  };
  // What is slow would be slow to shrink.
  const small = verdict.stack === "" ? input : await shrink(input, same, 1000);
  const last = await tried(small);
  post({ type: "finding", ...(typeof last === "string" ? verdict : last), input: small });
}

function placeOf({ fault, stack }: Exclude<Verdict, string>): string {
  const own = stack.split("\n").find((line) => /^\s+at .*\/(src|test\/fuzz\/targets)\//.test(line));
  return own ?? fault.replaceAll(/\d+/g, "0");
}

async function tried(input: Buffer): Promise<Verdict> {
  const verdict = await once(target, input);
  // The first run of some code loads and compiles it.
  return typeof verdict !== "string" && verdict.stack === "" ? once(target, input) : verdict;
}

async function once({ run, memoryMb = 96 }: Target, input: Buffer): Promise<Verdict> {
  shared.input.set(input);
  shared.control[1] = input.length;
  Atomics.add(shared.control, 0, 1);
  strayed = undefined;
  const memory = getHeapStatistics().external_memory;
  const began = process.threadCpuUsage();
  let verdict: Verdict;
  try {
    const result = run(Buffer.from(input));
    if (result instanceof Promise) await result;
    verdict = "taken";
  } catch (error) {
    verdict = error instanceof SluiceError && error.code !== "internal" ? "refused" : faultOf(error);
  }
  const { user, system } = process.threadCpuUsage(began);
  // A rejection that nobody waits for is told after all that was waiting.
  await new Promise((resolve) => setImmediate(resolve));
  if (strayed !== undefined) return faultOf(strayed);
  if (typeof verdict !== "string") return verdict;
  if (user + system > cpuMs * 1000)
    return { fault: `took ${((user + system) / 1e6).toFixed(1)} s of processor time`, stack: "" };
  const megabytes = (getHeapStatistics().external_memory - memory) / 2 ** 20;
  if (megabytes > memoryMb) return { fault: `took ${megabytes.toFixed(0)} MiB beside the heap`, stack: "" };
  return verdict;
}

function faultOf(thrown: unknown): Exclude<Verdict, string> {
  const error = thrown instanceof Error ? thrown : new Error(`threw ${String(thrown)}`);
  const [first = ""] = error.message.split("\n");
  return { fault: `${error.name}: ${first.slice(0, 300)}`, stack: error.stack ?? error.message };
}
