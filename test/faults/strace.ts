import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { needs } from "../needs.ts";
import { run } from "../run.ts";
import type { Ran } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { parseStrace } from "./strace-log.ts";
import type { Call } from "./strace-log.ts";

/** Why nothing can be traced here, or false: some containers have strace, but may not use it. */
export const skipStrace = needs("strace") || refusal();

function refusal(): string | false {
  const ran = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], { encoding: "utf8" });
  return ran.status === 0 ? false : `strace does not work here: ${ran.stderr.split("\n")[0] ?? ""}`;
}

export interface Traced {
  readonly ran: Ran;
  readonly calls: readonly Call[];
}

/** Runs a command of the site in a process of its own, with a log of these system calls of it and of its children. */
export async function trace(
  site: SluiceSite,
  args: readonly string[],
  names: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Traced> {
  const folder = await tempFolder("strace");
  try {
    const log = join(folder, "log");
    const options = ["-f", "-y", "-s", "0", "--seccomp-bpf", "-e", `trace=${names.join(",")}`, "-o", log];
    const ran = await strace(site, options, args, env);
    return { ran, calls: parseStrace(await readFile(log, "utf8")) };
  } finally {
    await removeFolder(folder);
  }
}

/** A call of a run: the nth with this name of any one thread. */
export interface CallPoint {
  readonly name: string;
  readonly nth: number;
}

/** Runs a command of the site, and kills it (-9) as it enters that call, which is then not made. */
export async function killAt(
  site: SluiceSite,
  args: readonly string[],
  { name, nth }: CallPoint,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const inject = `inject=${name}:signal=KILL:when=${nth}`;
  return await strace(site, ["-f", "-e", `trace=${name}`, "-e", inject, "-o", "/dev/null"], args, env);
}

async function strace(
  site: SluiceSite,
  options: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  return await run("strace", [...options, "--", ...site.commandLine(...args)], {
    cwd: site.home,
    env: { HOME: site.home, ...env },
  });
}
