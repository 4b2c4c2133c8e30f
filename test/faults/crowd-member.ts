import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { SluiceSite } from "../clients/sluice.ts";
import { plainEnv } from "../run.ts";
import type { Ran } from "../run.ts";

/** One process of the crowd. */
export interface Member {
  readonly pid: number;
  /** Makes one run; undefined where the process was killed in it. */
  run(args: readonly string[]): Promise<Ran | undefined>;
  kill(): void;
  /** Stops it for a while, wherever it is. */
  pause(ms: number): Promise<void>;
  end(): Promise<void>;
}

const LONGEST_MS = 300_000;

export async function startMember(site: SluiceSite): Promise<Member> {
  const child = fork(fileURLToPath(new URL("crowd-worker.ts", import.meta.url)), [], {
    cwd: site.home,
    env: plainEnv({ HOME: site.home }),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  let answer: ((ran: Ran) => void) | undefined;
  const ready = Promise.withResolvers<void>();
  child.on("message", (message) => {
    if (message === "ready") ready.resolve();
    else answer?.(message as Ran);
  });
  child.on("error", () => undefined);
  let killed = false;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await Promise.race([ready.promise, gone]);
  return {
    pid: child.pid ?? 0,
    async run(args) {
      const late = new AbortController();
      try {
        const ran = new Promise<Ran>((resolve) => (answer = resolve));
        // Without the program and the file that it runs.
        child.send(site.commandLine(...args).slice(2));
        return await Promise.race([
          ran,
          gone.then(() => {
            if (!killed) throw new Error(`a process of the crowd ended by itself: ${said}`);
            return undefined;
          }),
          sleep(LONGEST_MS, undefined, { signal: late.signal }).then(() => {
            throw new Error(`sluice ${args.join(" ")} has not ended after ${LONGEST_MS} ms`);
          }),
        ]);
      } finally {
        late.abort();
      }
    },
    kill() {
      killed = true;
      child.kill("SIGKILL");
    },
    async pause(ms) {
      child.kill("SIGSTOP");
      try {
        await sleep(ms);
      } finally {
        child.kill("SIGCONT");
      }
    },
    async end() {
      killed = true;
      child.kill("SIGKILL");
      await gone;
    },
  };
}
