import { readManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { isBadBlob } from "./fetch.ts";

type Manifest = ReadonlyMap<string, ManifestEntry>;

/**
 * Tells which files a snapshot, made with the same options under the same trust, has alike: what the adapter proved of them then still holds, and they need not be
 * read again.
 */
export async function provenBefore(
  store: ReadStore,
  { body }: Snapshot,
): Promise<(entry: ManifestEntry, manifest: Manifest) => boolean> {
  let held: Manifest;
  try {
    const entries = await readManifest(store, body.manifest, `${body.mirror}@${body.id}`);
    held = new Map(entries.map((entry) => [entry.path, entry]));
  } catch (error) {
    // It is put right where the snapshots are compared.
    if (!isBadBlob(error)) throw error;
    return () => false;
  }
  return (entry, manifest) => {
    const before = held.get(entry.path);
    if (before === undefined || !isAlike(before, entry)) return false;
    if (entry.evidence === undefined) return true;
    return held.get(entry.evidence)?.sha256 === manifest.get(entry.evidence)?.sha256;
  };
}

function isAlike(a: ManifestEntry, b: ManifestEntry): boolean {
  return (
    a.sha256 === b.sha256 &&
    a.kind === b.kind &&
    a.name === b.name &&
    a.version === b.version &&
    a.arch === b.arch &&
    a.evidence === b.evidence
  );
}
