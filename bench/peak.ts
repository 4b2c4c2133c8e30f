import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Peak {
  /** Resident memory of the largest process of the run at its height, in bytes. */
  readonly bytes: number;
  readonly seconds: number;
  /** Processor time of it and of all that it waited for, in seconds. */
  readonly cpu: number;
  readonly stdout: string;
}

export interface PeakOptions {
  readonly cwd?: string | undefined;
  /** A run that takes longer is killed, with all that it started, and throws TooSlow. */
  readonly limitMs?: number | undefined;
  /** Called with each line of stdout as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export class TooSlow extends Error {}

/** bash's own `time` counts what the kernel does, to the millisecond; its report goes to a file, past the stderr of the program. */
const TIMED = 'exec 3>&2 2>"$0"; TIMEFORMAT="%U %S"; time "$@" 2>&3';
const LOOK_MS = 20;

/** Runs a program to its end; the kernel's own high-water mark (VmHWM in proc(5)) of it and of all that it starts. Throws where it fails. */
export async function peakOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: PeakOptions = {},
): Promise<Peak> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-peak-"));
  const times = join(folder, "times");
  try {
    const started = performance.now();
    const child = spawn("bash", ["-c", TIMED, times, program, ...args], {
      env,
      cwd: options.cwd,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let said = "";
    let line = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      for (const one of lines) options.onLine?.(one);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    let bytes = 0;
    const look = setInterval(() => {
      for (const pid of family(child.pid ?? 0)) bytes = Math.max(bytes, highWater(pid));
    }, LOOK_MS);
    let late = false;
    const limit = setTimeout(
      () => {
        late = true;
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      },
      options.limitMs ?? 2 ** 31 - 1,
    );
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    }).finally(() => {
      clearInterval(look);
      clearTimeout(limit);
    });
    const seconds = (performance.now() - started) / 1000;
    if (late) throw new TooSlow(`${program} took more than ${String(options.limitMs)} ms`);
    if (code !== 0)
      throw new Error(
        `${program} ${args.join(" ")} ended with ${String(code)}:\n${stdout.slice(-2000)}\n${said}`,
      );
    const [user = 0, system = 0] = (await readFile(times, "utf8")).trim().split(" ").map(Number);
    return { bytes, seconds, cpu: user + system, stdout };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function family(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    return [pid, ...children.flatMap(family)];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

function highWater(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
