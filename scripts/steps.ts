import { spawn } from "node:child_process";
import { styleText } from "node:util";

/** One check: a name, and what finds its faults. */
export interface Step {
  readonly name: string;
  /** The output to show where the check fails; undefined where all is well. */
  readonly run: () => Promise<string | undefined>;
}

/** A check that is a command: its output counts where it fails. */
export function commandStep(name: string, command: string, ...args: readonly string[]): Step {
  return {
    name,
    run: () =>
      new Promise((resolve) => {
        const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
        let output = "";
        for (const stream of [child.stdout, child.stderr])
          stream.setEncoding("utf8").on("data", (chunk: string) => void (output += chunk));
        child.on("error", (error) => resolve(`${command} cannot be started: ${error.message}`));
        child.on("close", (status) =>
          resolve(
            status === 0 ? undefined : output || `${command} ended with status ${status} and said nothing`,
          ),
        );
      }),
  };
}

/** Runs the steps, so many at a time; prints a line for each, and the output of those that fail. Gives how many passed and failed. */
export async function runSteps(
  steps: readonly Step[],
  atATime: number,
): Promise<{ passed: number; failed: number }> {
  const waiting = [...steps];
  const counts = { passed: 0, failed: 0 };
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const started = performance.now();
      const output = await step
        .run()
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      report(step.name, performance.now() - started, output);
      counts[output === undefined ? "passed" : "failed"]++;
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return counts;
}

function report(name: string, ms: number, output: string | undefined): void {
  const verdict = output === undefined ? styleText("green", "ok  ") : styleText("red", "FAIL");
  process.stdout.write(`${verdict} ${name.padEnd(28)} ${(ms / 1000).toFixed(1).padStart(5)} s\n`);
  if (output !== undefined) process.stdout.write(`${output.trimEnd()}\n\n`);
}
