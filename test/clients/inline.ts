import { Writable } from "node:stream";
import type { Ran } from "../run.ts";

/**
 * Runs a command line in this process: the whole of it but the start of a process, which costs several times what a small sync does. For tests that make
 * hundreds of runs.
 */
export async function runInline(args: readonly string[]): Promise<Ran> {
  const { runCli } = await import("../../src/cli/run.ts");
  const out = collector();
  const err = collector();
  const io = { out: out.stream, err: err.stream, input: process.stdin, env: {}, now: Date.now };
  const code = await runCli(args, io);
  return { code, signal: null, stdout: out.text(), stderr: err.text() };
}

function collector(): { stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
