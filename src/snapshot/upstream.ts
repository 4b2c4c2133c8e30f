import { SluiceError } from "../base/errors.ts";
import type { ReadStore } from "../store/contract.ts";
import { provenBlob } from "../store/proven.ts";
import type { Entry, RootFile, RootGroup, RootSet, Upstream } from "../upstream/contract.ts";
import type { ManifestEntry } from "./manifest.ts";

/** The Upstream that reads a snapshot: what it gives is what the manifest names, re-hashed. */
export function snapshotUpstream(
  store: ReadStore,
  manifest: ReadonlyMap<string, ManifestEntry>,
  what: string,
): Upstream {
  return {
    async roots(groups: readonly RootGroup[]): Promise<RootSet> {
      const found = new Map<string, RootFile>();
      for (const file of groups.flatMap((group) => group.files)) {
        const entry = manifest.get(file.path);
        if (entry === undefined) continue;
        found.set(file.path, { ...file, bytes: await store.readBlob(entry.sha256), sha256: entry.sha256 });
      }
      return found;
    },

    async get(entry: Entry): Promise<AsyncIterable<Uint8Array> | undefined> {
      const held = manifest.get(entry.path);
      if (held === undefined) return undefined;
      const fault = entryFault(entry, held);
      if (fault !== undefined) {
        throw new SluiceError(
          "manifest_invalid",
          `${what}: '${entry.path}' ${fault}: do not use the snapshot.`,
        );
      }
      return provenEntry(store, held, entry, what);
    },
  };
}

// Re-hashed before the first chunk is given: an index is parsed only once it is proven.
async function* provenEntry(
  store: ReadStore,
  held: ManifestEntry,
  entry: Entry,
  what: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* provenBlob(store, held, entry.digests);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "digest_mismatch") throw error;
    throw new SluiceError(
      "manifest_invalid",
      `${what}: '${entry.path}' is not the file that was signed: do not use the snapshot.`,
    );
  }
}

/** How a manifest's entry differs from what the walk proves of it, or undefined. */
export function entryFault(proven: Entry, held: ManifestEntry): string | undefined {
  if (proven.digests.sha256 !== undefined && proven.digests.sha256 !== held.sha256) {
    return "does not have the digest that was signed";
  }
  if (proven.size !== undefined && proven.size !== held.size) return "does not have the size that was signed";
  if (proven.kind !== held.kind) return `is a ${held.kind} in the manifest and a ${proven.kind} upstream`;
  if (proven.package?.name !== held.name || proven.package?.version !== held.version) {
    return "is not the package that the manifest says";
  }
  return undefined;
}
