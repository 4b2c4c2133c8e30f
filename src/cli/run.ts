import { CommanderError } from "commander";
import { asSluiceError, SluiceError } from "../base/errors.ts";
import type { GlobalOptions } from "./context.ts";
import { type Io, processIo } from "./io.ts";
import { createOutput, errorJson } from "./output.ts";
import { buildProgram } from "./program.ts";
import { watchSignals } from "./signals.ts";

/** Runs one command line and gives the exit status: 0 done, 1 failed, 2 bad usage or config. Never throws. */
export async function runCli(args: readonly string[], io: Io = processIo()): Promise<number> {
  const { signal, release } = watchSignals();
  const json = args.includes("--json");
  let status = 0;
  const fail = (): void => void (status = 1);
  try {
    const program = buildProgram(io, (options: GlobalOptions) => {
      return { options, io, signal, output: createOutput(io, options), fail };
    });
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (thrown) {
    const printed = helpStatus(thrown);
    if (printed !== undefined) return printed;
    const error = signal.aborted ? asSluiceError(signal.reason) : explain(thrown);
    createOutput(io, { json, quiet: false }).error(error);
    if (json) io.out.write(`${JSON.stringify({ error: errorJson(error) })}\n`);
    return error.exit;
  } finally {
    release();
  }
}

/** Help and version were printed: all is done, except where help stands in for a missing command. */
function helpStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof CommanderError)) return undefined;
  if (thrown.code === "commander.help") return 2;
  return thrown.exitCode === 0 ? 0 : undefined;
}

/** Commander's `error: unknown option '--jsno'\n(Did you mean --json?)` as a sentence and a hint. */
function explain(thrown: unknown): SluiceError {
  if (!(thrown instanceof CommanderError)) return asSluiceError(thrown);
  const [first = "", ...rest] = thrown.message.replace(/^error: /, "").split("\n");
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, "")}.`;
  const similar = rest.join(" ").replaceAll(/^\(|\)$/g, "");
  return new SluiceError("usage", sentence, { hint: similar === "" ? "See `sluice help`." : similar });
}
