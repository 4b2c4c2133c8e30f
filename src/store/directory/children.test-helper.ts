import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("child.test-helper.ts", import.meta.url));

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The next line that it says. */
  line(): Promise<string>;
  tell(text: string): void;
  signal(signal: NodeJS.Signals): void;
  /** Kills it, and returns when it is gone. */
  kill(): Promise<void>;
}

/** Starts one of the programs in child.test-helper.ts; gone at the latest when it is disposed of. */
export function startChild(...args: string[]): Child {
  const process_ = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(process_, "exit");
  const lines = createInterface(process_.stdout)[Symbol.asyncIterator]();
  const kill = async (): Promise<void> => {
    process_.kill("SIGKILL");
    await gone;
  };
  return {
    pid: process_.pid ?? 0,
    async line() {
      const next = await lines.next();
      if (next.done) throw new Error("the child ended without a word");
      return next.value;
    },
    tell: (text) => void process_.stdin.write(text),
    signal: (signal) => void process_.kill(signal),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
