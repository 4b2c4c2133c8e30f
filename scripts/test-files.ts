import { run } from "node:test";
import { relative } from "node:path";
import { styleText } from "node:util";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface TestRun {
  readonly root: string;
  /** Files at a time, each in a process of its own. */
  readonly concurrency: number;
  /** What one test may take, and what a file may take with all that it leaves running. */
  readonly testMs: number;
  readonly fileMs: number;
}

interface Failure {
  readonly name: string;
  readonly error: Error & { readonly failureType?: string; readonly cause?: unknown };
  readonly place: string;
}

interface FileResult {
  readonly counts: Counts;
  readonly failures: readonly Failure[];
  readonly skips: readonly string[];
  readonly output: string;
}

/** Runs test files; prints a line for each and every failure in full; at the end why tests were skipped. */
export async function runTestFiles(files: readonly string[], options: TestRun): Promise<Counts> {
  const waiting = [...files];
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Map<string, number>();
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const started = performance.now();
      const result = await runFile(file, options);
      report(relative(options.root, file), performance.now() - started, result);
      for (const key of ["passed", "failed", "skipped"] as const) totals[key] += result.counts[key];
      for (const reason of result.skips) skips.set(reason, (skips.get(reason) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  for (const [reason, count] of skips) process.stdout.write(`skipped ${count}: ${reason}\n`);
  return totals;
}

async function runFile(file: string, options: TestRun): Promise<FileResult> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  const skips: string[] = [];
  let output = "";
  const signal = AbortSignal.timeout(options.fileMs);
  const stream = run({ files: [file], timeout: options.testMs, signal, cwd: options.root });
  stream.on("test:pass", ({ skip, details }) => {
    if (details.type === "suite") return;
    if (skip === undefined) counts.passed++;
    else {
      counts.skipped++;
      skips.push(String(skip));
    }
  });
  stream.on("test:fail", (event) => {
    const error = event.details.error as Failure["error"];
    // A parent fails with its children: they say why, and they are counted.
    if (error.failureType === "subtestsFailed" || signal.aborted) return;
    counts.failed++;
    failures.push({
      name: event.name,
      error,
      place: `${relative(options.root, event.file ?? file)}:${event.line ?? 1}`,
    });
  });
  for (const type of ["test:stdout", "test:stderr"] as const)
    stream.on(type, ({ message }) => void (output += message));
  // Reading to the end is what makes the stream flow.
  for await (const _ of stream);
  if (signal.aborted) {
    const name = `did not end within ${options.fileMs / 1000} s: something in it hangs or was left open`;
    counts.failed++;
    failures.push({ name, error: new Error("The file was stopped."), place: relative(options.root, file) });
  }
  return { counts, failures, skips, output };
}

function report(file: string, ms: number, { counts, failures, output }: FileResult): void {
  const tests = counts.passed + counts.failed + counts.skipped;
  const verdict = counts.failed === 0 ? styleText("green", "ok  ") : styleText("red", "FAIL");
  const seconds = (ms / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${verdict} ${file.padEnd(48)} ${String(tests).padStart(4)} tests ${seconds} s\n`);
  for (const { name, error, place } of failures) {
    const cause = error.cause instanceof Error ? error.cause : error;
    const lines = (cause.stack ?? cause.message).trimEnd().split("\n");
    const own = lines.filter((line) => !/^\s+at .*\(?node:/.test(line)).map((line) => `    ${line}\n`);
    process.stdout.write(`${styleText("red", "FAIL")} ${place}  ${name}\n${own.join("")}`);
  }
  if (failures.length > 0 && output !== "") process.stdout.write(`It said:\n${output.trimEnd()}\n`);
}
