import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { SluiceError } from "../base/errors.ts";
import { readManifest, type ManifestBlob } from "../snapshot/manifest.ts";
import { listSnapshots, storedMirrors } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";

/** The program that looks at each file before an import makes it visible. */
export interface Scanner {
  /** Program and arguments; the path of the file is added. */
  readonly command: readonly string[];
  /** Where a blob of this site lies. */
  file(sha256: string): string | undefined;
}

/** What it said, as the record of the import keeps it. */
export interface ScanVerdict {
  readonly command: readonly string[];
  /** How many it was run on. */
  readonly files: number;
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly mirror: string;
  readonly path: string;
  readonly sha256: string;
  /** Exit status, or the signal that ended it. */
  readonly exit: number | string;
}

interface NewFile {
  readonly sha256: string;
  readonly mirror: string;
  readonly id: string;
  readonly path: string;
}

/** A record need not name more. */
const MOST_REFUSED = 50;

/** Runs the program on each file of these snapshots that no snapshot here has yet, by whatever way it came. Throws program_missing. */
export async function scanNew(
  store: ReadStore,
  scanner: Scanner,
  snapshots: readonly { readonly mirror: string; readonly id: string; readonly manifest: ManifestBlob }[],
  signal: AbortSignal,
): Promise<ScanVerdict> {
  const seen = await visibleBlobs(store);
  const files: NewFile[] = [];
  for (const { mirror, id, manifest } of snapshots)
    for (const { sha256, path } of await readManifest(store, manifest, `${mirror}@${id}`)) {
      if (seen.has(sha256)) continue;
      seen.add(sha256);
      files.push({ sha256, mirror, id, path });
    }
  const refused: Refusal[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < files.length && refused.length < MOST_REFUSED) {
      signal.throwIfAborted();
      const file = files[next++];
      if (file === undefined) return;
      const exit = await scanOne(scanner, file, signal);
      const { mirror, path, sha256 } = file;
      if (exit !== 0) refused.push({ mirror, path, sha256, exit });
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  return { command: scanner.command, files: next, refused };
}

async function visibleBlobs(store: ReadStore): Promise<Set<string>> {
  const seen = new Set<string>();
  for (const mirror of await storedMirrors(store))
    for (const { body } of await listSnapshots(store, mirror))
      for (const { sha256 } of await readManifest(store, body.manifest, `${mirror}@${body.id}`))
        seen.add(sha256);
  return seen;
}

// No shell: what stands in a path is never read as more than a path.
async function scanOne(scanner: Scanner, file: NewFile, signal: AbortSignal): Promise<number | string> {
  const [program = "", ...args] = scanner.command;
  const place = scanner.file(file.sha256);
  if (place === undefined) throw new SluiceError("internal", `The blob ${file.sha256} has no place.`);
  const env = {
    ...process.env,
    SLUICE_MIRROR: file.mirror,
    SLUICE_SNAPSHOT: file.id,
    SLUICE_PATH: file.path,
    SLUICE_SHA256: file.sha256,
  };
  const child = spawn(program, [...args, place], { stdio: "ignore", env, signal });
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code ?? error.message;
      if (signal.aborted) reject(signal.reason as Error);
      else
        reject(
          new SluiceError(
            "program_missing",
            `The program ${program} of \`scan\` cannot be run (${why}): install it, or mend the config; nothing is imported until then.`,
            { cause: error },
          ),
        );
    });
    child.once("exit", (code, killed) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(code ?? killed ?? 1);
    });
  });
}

export function scanRefused({ command, refused }: ScanVerdict, from: string): SluiceError {
  const named = refused.slice(0, 3).map(({ mirror, path, exit }) => `${mirror}: ${path} (${exit})`);
  const more = refused.length > named.length ? ` and ${refused.length - named.length} more` : "";
  return new SluiceError(
    "scan_refused",
    `${command[0] ?? ""} did not pass ${named.join(", ")}${more} of ${from}: nothing of it was published.`,
  );
}
