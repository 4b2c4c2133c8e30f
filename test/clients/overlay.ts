import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../run.ts";
import type { Ran } from "../run.ts";

/** A system that may be written to and thrown away: what is written lies in `upper`, and is there for the next script. */
export interface Overlay {
  readonly upper: string;
  /** Runs a shell script as root in the system, which stops at the first command that fails. */
  run(script: string): Promise<Ran>;
  /** Why it cannot be used here, or undefined. */
  obstacle(): Promise<string | undefined>;
}

const NO_OVERLAY = 77;
const ENTER = `set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" || exit ${NO_OVERLAY}
mount --rbind /dev "$2/root/dev"
mount -t proc proc "$2/root/proc"
exec chroot "$2/root" sh -ec "$3"`;

/** Over this system; `home` is an empty folder that is left to the caller. */
export async function overlay(system: string, home: string): Promise<Overlay> {
  for (const name of ["upper", "work", "root"]) await mkdir(join(home, name));
  const enter = async (script: string): Promise<Ran> =>
    await run(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh", system, home, script],
      { env: { DEBIAN_FRONTEND: "noninteractive" } },
    );
  return {
    upper: join(home, "upper"),
    run: enter,
    obstacle: async () =>
      (await enter("true")).code === NO_OVERLAY ? "no overlay can be mounted here" : undefined,
  };
}
