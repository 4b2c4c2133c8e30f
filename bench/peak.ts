import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

export interface Peak {
  /** Resident memory of the largest process of the run at its height, in bytes. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Runs a program to its end; the kernel's own high-water mark (VmHWM in proc(5)) of it and of all that it starts. Throws where it fails. */
export async function peakOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Peak> {
  const started = performance.now();
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let bytes = 0;
  const look = setInterval(() => {
    for (const pid of family(child.pid ?? 0)) bytes = Math.max(bytes, highWater(pid));
  }, 10);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => clearInterval(look));
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${String(code)}:\n${said}`);
  return { bytes, seconds: (performance.now() - started) / 1000 };
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
