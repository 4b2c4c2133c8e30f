import { accessSync, existsSync, mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "../needs.ts";
import { run } from "../run.ts";

const CACHE = process.env["SLUICE_TEST_CACHE"] ?? "/var/cache/sluice-tests";
/** Tried in this order: the newest may be broken on some day. */
const SUITES = ["sid", "trixie"] as const;
const MONTH_MS = 30 * 24 * 3600_000;

/** What a system has: `minimal` apt alone, `host` what packages are installed by, `desktop` what makes apt ask for more, and what unpacks sources. */
const PACKAGES = {
  minimal: ["apt"],
  host: ["passwd", "rpm"],
  desktop: ["apt-file", "appstream", "apt-config-icons", "command-not-found", "dpkg-dev"],
} as const;

export type AptSystemKind = keyof typeof PACKAGES;

/** A system with the newest apt, or why there is none here. */
export type AptSystem = { readonly system: string } | { readonly skip: string };

const found = new Map<AptSystemKind, Promise<AptSystem>>();

/**
 * The folder of a Debian system with the newest apt, made by mmdebstrap from this host's own apt sources, and kept for later runs. Where it cannot be made at
 * all (no root, no mmdebstrap, no mounts, no Debian source) there is none; where it could and fails, CI fails.
 */
export async function newestApt(kind: AptSystemKind = "minimal"): Promise<AptSystem> {
  const system = found.get(kind) ?? make(kind);
  found.set(kind, system);
  return await system;
}

async function make(kind: AptSystemKind): Promise<AptSystem> {
  const why = await obstacle();
  if (why !== undefined) return { skip: why };
  const source = await debianSource();
  if (source === undefined) return { skip: "the newest apt: this host has no apt source of Debian" };
  mkdirSync(CACHE, { recursive: true });
  const faults: string[] = [];
  for (const suite of SUITES) {
    const system = join(CACHE, kind === "minimal" ? `apt-${suite}` : `apt-${suite}-${kind}`);
    if (isFresh(system)) return { system };
    const build = [BUILD, "sh", suite, system, source, PACKAGES[kind].join(",")];
    // One at a time: others wait, and then find it made.
    const ran = await run("flock", [`${system}.lock`, "sh", "-c", ...build], {
      env: { TMPDIR: tmpdir() },
      timeoutMs: 400_000,
    });
    if (ran.code === 0) return { system };
    faults.push(`${suite}: ${ran.stderr.trim().split("\n").at(-1) ?? ""}`);
  }
  if (process.env["CI"] === "true") throw new Error(`mmdebstrap failed: ${faults.join("; ")}`);
  return { skip: `the newest apt: mmdebstrap failed: ${faults.join("; ")}` };
}

const BUILD = `set -e
suite=$1 system=$2 source=$3 packages=$4
if [ -e "$system/etc/debian_version" ] && [ -z "$(find "$system" -maxdepth 0 -mtime +29)" ]; then exit 0; fi
rm -rf "$system" "$system.new"
timeout 300 mmdebstrap --quiet --mode=root --variant=apt --include="$packages" \\
  --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$system.new" "$source" </dev/null
rm -f "$system.new/etc/apt/apt.conf.d/99mmdebstrap"
touch "$system.new"
mv "$system.new" "$system"`;

function isFresh(system: string): boolean {
  return (
    existsSync(join(system, "etc/debian_version")) &&
    Date.now() - statSync(system).mtimeMs < MONTH_MS - 86_400_000
  );
}

async function obstacle(): Promise<string | undefined> {
  const skip = process.env["CI"] === "true" ? missing() : needs("mmdebstrap", "flock", "unshare", "apt-get");
  if (skip !== false) return skip;
  if (process.getuid?.() !== 0) return "the newest apt: only root can make it";
  const ran = await run("unshare", [
    "--mount",
    "--propagation",
    "private",
    "mount",
    "--bind",
    "/tmp",
    "/mnt",
  ]);
  return ran.code === 0 ? undefined : "the newest apt: nothing can be mounted here";
}

function missing(): string | false {
  try {
    return needs("mmdebstrap", "flock", "unshare", "apt-get");
  } catch (fault) {
    return (fault as Error).message;
  }
}

async function debianSource(): Promise<string | undefined> {
  const format = "$(ORIGIN) $(LABEL) $(REPO_URI)";
  const ran = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  return /^Debian Debian (https?:\/\/\S+)$/m.exec(ran.stdout)?.[1];
}

/** The command line that runs a program in this system, or on this host; temporary folders have the same path in both. */
export function enter(
  system: string | undefined,
  ...command: readonly [string, ...string[]]
): [string, ...string[]] {
  if (system === undefined) return [...command];
  accessSync(system);
  // Where it stands below the temporary folder it stays: apt writes sources there, which must not end in the system.
  const mount = `system=$1 temp=$2; shift 2
    mkdir -p "$system$temp" && mount --bind "$temp" "$system$temp" || exit
    case $PWD/ in "$temp"/*) exec chroot "$system" env --chdir="$PWD" "$@" ;; esac
    exec chroot "$system" "$@"`;
  return [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    mount,
    "sh",
    system,
    tmpdir(),
    ...command,
  ];
}
