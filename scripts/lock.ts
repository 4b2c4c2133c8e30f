import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// node scripts/lock.ts    completes package-lock.json after a dependency was added or changed
// `npm ci` refuses a lock without an entry for each optional package, those of other platforms included; and a registry that does not carry
// these makes `npm install` leave them out, without a word.

const LOCK = join(import.meta.dirname, "../package-lock.json");

interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
  readonly engines?: object;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

export function readLock(): Lock {
  return JSON.parse(readFileSync(LOCK, "utf8")) as Lock;
}

/** The lock with an entry for each optional package that it lacks. Such an entry has no integrity: only its own platform ever fetches it. */
export function completeLock<T extends Lock>(lock: T): { lock: T; added: string[] } {
  const packages: Record<string, LockEntry> = { ...lock.packages };
  const added: string[] = [];
  for (const [path, entry] of Object.entries(lock.packages))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] !== undefined) continue;
      packages[`node_modules/${name}`] = { version, ...(path !== "" && { dev: true }), ...platformOf(name) };
      added.push(name);
    }
  const sorted = Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { lock: { ...lock, packages: Object.fromEntries(sorted) }, added };
}

/** By which npm knows that a package is not for the platform at hand. */
function platformOf(name: string): object {
  if (name.includes("wasm32")) return { cpu: ["wasm32"], optional: true };
  const os = /android|darwin|freebsd|linux|openharmony|win32/.exec(name)?.[0];
  const cpu = /(?<=[-/])(arm64|arm|x64|ppc64|riscv64|s390x|ia32)(?=-|$)/.exec(name)?.[0];
  if (os === undefined || cpu === undefined)
    throw new Error(
      `${name} is optional and not in the registry, and its name does not say for which platform it is.`,
    );
  const libc = name.includes("musl")
    ? ["musl"]
    : name.endsWith("-gnu") || name.includes("-gnueabi")
      ? ["glibc"]
      : undefined;
  return { cpu: [cpu], ...(os === "linux" && libc && { libc }), optional: true, os: [os] };
}

if (import.meta.main) {
  const { lock, added } = completeLock(readLock());
  writeFileSync(LOCK, `${JSON.stringify(lock, undefined, 2)}\n`);
  process.stdout.write(`${added.length} added${added.length === 0 ? "" : `: ${added.join(", ")}`}\n`);
}
