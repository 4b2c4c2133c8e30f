import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string | undefined;
  /** The whole environment; PATH is added. By default only PATH, HOME and a C locale. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | Uint8Array | undefined;
  readonly timeoutMs?: number | undefined;
}

/** The environment that children get: nothing of the developer's proxies, locales and keys. */
export function plainEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
    HOME: "/nonexistent",
    LC_ALL: "C.UTF-8",
    ...more,
  };
}

/** Runs a program to its end; a run past the time limit is killed, and shows as a signal. Rejects only where it cannot start. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: plainEnv(options.env),
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 120_000,
    killSignal: "SIGKILL",
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  // A program that does not read its input may close it early.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({
        code,
        signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
}

/** As `run`, but anything else than exit 0 throws, with what the program said. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const ran = await run(command, args, options);
  if (ran.code !== 0) {
    throw new Error(
      `${command} ${args.join(" ")}: ${ran.code ?? ran.signal}\n${ran.stderr}\n${ran.stdout.slice(0, 4000)}`,
    );
  }
  return ran.stdout;
}
