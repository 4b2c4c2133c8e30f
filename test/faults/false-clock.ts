import { lstatSync, lutimesSync, readdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { needs } from "../needs.ts";
import { plainEnv } from "../run.ts";

/** How far a clock is off, in days. */
export type Offset = number;

const DAY_MS = 86_400_000;

/** Debian's `faketime` names the library that it preloads only in its own environment: that is where we look. */
const LIBRARY = findLibrary();

/** Why no process can have a clock of its own here, or false. */
export const skipFalseClock = needs("faketime") || refusal();

function findLibrary(): string | undefined {
  const ran = spawnSync("faketime", ["-f", "+0d", "sh", "-c", "echo $LD_PRELOAD"], {
    env: plainEnv(),
    encoding: "utf8",
  });
  return ran.stdout
    ?.trim()
    .split(/[: ]/)
    .find((name) => name.includes("libfaketime"));
}

// What matters is what our Node sees: not every program asks the C library.
function refusal(): string | false {
  const print = "process.stdout.write(String(Date.now()))";
  const ran = spawnSync(process.execPath, ["-e", print], {
    env: plainEnv(falseClock(-3650)),
    encoding: "utf8",
  });
  const behind = Date.now() - Number(ran.stdout);
  return Math.abs(behind - 3650 * DAY_MS) < 60_000
    ? false
    : "this Node does not see the clock of libfaketime";
}

/** The environment of a process whose clock is off by so many days. Timers go on as they are. */
export function falseClock(offset: Offset): Record<string, string> {
  if (offset === 0) return {};
  return {
    LD_PRELOAD: LIBRARY ?? "",
    FAKETIME: `${offset < 0 ? "" : "+"}${offset}d`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
}

/** The kernel's clock is never changed: gives the files that were written since a moment (ms) the times that they would have. */
export function shiftTimes(folder: string, since: number, offset: Offset): void {
  if (offset === 0) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const { ctimeMs, mtimeMs } = lstatSync(path);
    // A hard link may have its time already; those that Sluice gives are of whole seconds.
    if (ctimeMs < since || Math.abs(mtimeMs - Date.now()) > DAY_MS || mtimeMs % 1000 === 0) continue;
    const time = (mtimeMs + offset * DAY_MS) / 1000;
    lutimesSync(path, time, time);
  }
}
