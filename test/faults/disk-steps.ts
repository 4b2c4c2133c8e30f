import { resolve } from "node:path";
import { pathOf } from "./strace-log.ts";
import type { Call } from "./strace-log.ts";

/** What a call did to a file system. */
export type Deed =
  | { readonly kind: "create"; readonly path: string; readonly exclusive: boolean }
  | { readonly kind: "write" | "mkdir" | "rmdir" | "unlink"; readonly path: string }
  | { readonly kind: "rename" | "link"; readonly from: string; readonly path: string }
  | { readonly kind: "symlink"; readonly to: string; readonly path: string }
  /** sync: of a file or folder; sync-all: of the whole file system that has the path. */
  | { readonly kind: "sync" | "sync-all"; readonly path: string };

export type DiskStep = Deed & { readonly call: Call };

type Read = (args: readonly (string | undefined)[]) => Deed | undefined;

const written =
  (nth: number): Read =>
  (args) =>
    simple("write", pathOf(args[nth]));
const synced =
  (kind: "sync" | "sync-all"): Read =>
  ([fd]) =>
    simple(kind, pathOf(fd));

/** Every call that changes a file system or makes it durable, and how its line is read. */
const READERS: Readonly<Record<string, Read>> = {
  open: ([path, flags]) => opened(at(undefined, path), flags),
  openat: ([folder, path, flags]) => opened(at(folder, path), flags),
  write: written(0),
  writev: written(0),
  pwrite64: written(0),
  pwritev: written(0),
  pwritev2: written(0),
  ftruncate: written(0),
  fallocate: written(0),
  sendfile: written(0),
  copy_file_range: written(2),
  rename: ([from, path]) => moved("rename", at(undefined, from), at(undefined, path)),
  renameat: ([a, from, b, path]) => moved("rename", at(a, from), at(b, path)),
  renameat2: ([a, from, b, path]) => moved("rename", at(a, from), at(b, path)),
  link: ([from, path]) => moved("link", at(undefined, from), at(undefined, path)),
  linkat: ([a, from, b, path]) => moved("link", at(a, from), at(b, path)),
  symlink: ([to, path]) => pointed(pathOf(to), at(undefined, path)),
  symlinkat: ([to, folder, path]) => pointed(pathOf(to), at(folder, path)),
  unlink: ([path]) => simple("unlink", at(undefined, path)),
  unlinkat: ([folder, path, flags = ""]) =>
    simple(flags.includes("AT_REMOVEDIR") ? "rmdir" : "unlink", at(folder, path)),
  rmdir: ([path]) => simple("rmdir", at(undefined, path)),
  mkdir: ([path]) => simple("mkdir", at(undefined, path)),
  mkdirat: ([folder, path]) => simple("mkdir", at(folder, path)),
  fsync: synced("sync"),
  fdatasync: synced("sync"),
  syncfs: synced("sync-all"),
  sync: () => ({ kind: "sync-all", path: "/" }),
};

export const DISK_CALLS: readonly string[] = Object.keys(READERS);

/** The steps of a log, in the order in which they began. Calls that failed are none, and those that never came back cannot be relied upon. */
export function diskSteps(calls: readonly Call[]): DiskStep[] {
  const steps: DiskStep[] = [];
  for (const call of calls) {
    if (call.result === undefined || call.error !== undefined) continue;
    const deed = READERS[call.name]?.(call.args);
    if (deed !== undefined) steps.push({ ...deed, call });
  }
  return steps;
}

/** A path argument below the folder of a descriptor; without one, paths are taken to be absolute. */
function at(folder: string | undefined, path: string | undefined): string | undefined {
  const name = pathOf(path);
  return name === undefined ? undefined : resolve(pathOf(folder) ?? "/", name);
}

function simple(
  kind: "write" | "mkdir" | "rmdir" | "unlink" | "sync" | "sync-all",
  path: string | undefined,
) {
  return path === undefined ? undefined : { kind, path };
}

function opened(path: string | undefined, flags = ""): Deed | undefined {
  if (path === undefined) return undefined;
  if (flags.includes("O_CREAT")) return { kind: "create", path, exclusive: flags.includes("O_EXCL") };
  return flags.includes("O_TRUNC") ? { kind: "write", path } : undefined;
}

function moved(
  kind: "rename" | "link",
  from: string | undefined,
  path: string | undefined,
): Deed | undefined {
  return from === undefined || path === undefined ? undefined : { kind, from, path };
}

function pointed(to: string | undefined, path: string | undefined): Deed | undefined {
  return to === undefined || path === undefined ? undefined : { kind: "symlink", to, path };
}
