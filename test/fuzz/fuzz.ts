import { Worker } from "node:worker_threads";
import { LIMITS, MAX_INPUT } from "./job.ts";
import type { Job, Message, Report, Shared } from "./job.ts";
import type { Finding } from "./target.ts";

export interface Fuzzed extends Report {
  readonly findings: readonly Finding[];
}

const LOOK_MS = 250;

const NOTHING: Report = {
  executions: 0,
  taken: 0,
  refused: 0,
  covered: 0,
  known: 0,
  missed: [],
  reaching: [],
};

/** Runs one target in a thread. A run that hangs, or fills the heap, ends the thread, and is a finding. */
export async function fuzz(job: Job): Promise<Fuzzed> {
  const shared: Shared = {
    control: new Int32Array(new SharedArrayBuffer(8)),
    input: new Uint8Array(new SharedArrayBuffer(MAX_INPUT)),
  };
  const { hangMs, heapMb } = { ...LIMITS, ...job.limits };
  const findings: Finding[] = [];
  const add = (fault: string, stack: string, input: Uint8Array): void =>
    void findings.push({ target: job.target.name, fault, stack, input: Buffer.from(input) });
  const current = (): Uint8Array => shared.input.slice(0, shared.control[1]);
  let report: Report = NOTHING;

  const worker = new Worker(new URL("worker.ts", import.meta.url), {
    workerData: { job, shared },
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 32 },
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  let ended = false;
  worker.on("message", (message: Message) => {
    if (message.type === "finding") add(message.fault, message.stack, message.input);
    else {
      ended = true;
      report = message.report;
    }
  });
  worker.on("error", (error) => {
    ended = true;
    const full = (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
    add(
      full ? `took more than ${heapMb} MiB of heap` : `ended the thread: ${error.message}`,
      error.stack ?? "",
      current(),
    );
  });
  worker.on("exit", () => {
    if (!ended) add("never came to its end", "", current());
    resolve();
  });
  let [runs, since] = [0, performance.now()];
  const timer = setInterval(() => {
    const now = Atomics.load(shared.control, 0);
    if (now !== runs) [runs, since] = [now, performance.now()];
    else if (runs > 0 && !ended && performance.now() - since > hangMs) {
      ended = true;
      add(`did not end within ${hangMs / 1000} s`, "", current());
      void worker.terminate();
    }
  }, LOOK_MS);
  await promise;
  clearInterval(timer);
  return { ...report, executions: Math.max(report.executions, runs), findings };
}
