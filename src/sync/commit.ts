import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import { nextSnapshotId } from "../base/names.ts";
import { moveLatest, underStoreLock } from "../channel/moves.ts";
import type { Site } from "../channel/site.ts";
import { encodeManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import type { RecordedTrust, SnapshotRecord } from "../snapshot/record.ts";
import { createSnapshot, lastSnapshot, type Snapshot } from "../snapshot/snapshots.ts";
import type { PruneStore, WriteSession } from "../store/contract.ts";
import type { Trust } from "../trust/contract.ts";

/** A record but for what is known only at the moment of commit. */
export type Draft = Omit<SnapshotRecord, "id" | "manifest" | "packages" | "files" | "bytes">;

/** Puts a manifest into the store; durable with the session's next barrier. */
export async function putManifest(
  session: WriteSession,
  entries: readonly ManifestEntry[],
): Promise<{ sha256: string; size: number }> {
  return session.putBlob(encodeManifest(entries), { digests: {} });
}

/** True where the entries make the manifest of that digest. */
export function encodedAs(entries: readonly ManifestEntry[], digest: string): boolean {
  return sha256(encodeManifest(entries)) === digest;
}

/** The key files of a mirror as blobs, and the trust as a record names it. */
export async function putTrust(session: WriteSession, trust: Trust): Promise<RecordedTrust> {
  if (trust.kind === "none") return trust;
  const keyrings: { name: string; sha256: string }[] = [];
  for (const { name, bytes } of trust.files) {
    const blob = await session.putBlob(bytes, { digests: {} });
    keyrings.push({ name, sha256: blob.sha256 });
  }
  const { pinned, allowWeak, scope } = trust;
  return { kind: "keys", keyrings, pinned, allowWeak, ...(scope !== undefined && { scope }) };
}

/**
 * Makes the snapshot: everything durable first, then a last look that all of it is there, then the record, then `latest`. Throws blob_missing where a gc took
 * something meanwhile.
 */
export async function commitSnapshot(
  site: Site,
  session: WriteSession,
  draft: Draft,
  entries: readonly ManifestEntry[],
): Promise<Snapshot> {
  const manifest = await putManifest(session, entries);
  await session.barrier();
  const author = await site.author();
  const snapshot = await underStoreLock(site, async () => {
    await lastLook(site.store, [...entries, manifest, ...recordedKeys(draft.trust)]);
    const now = site.clock();
    const last = await lastSnapshot(site.store, draft.mirror);
    const record: SnapshotRecord = {
      ...draft,
      id: nextSnapshotId(now, last?.body.id),
      manifest,
      packages: countPackages(entries),
      files: entries.length,
      bytes: entries.reduce((sum, entry) => sum + entry.size, 0),
    };
    return createSnapshot(site.store, author, record, `sync ${draft.mirror}`, now);
  });
  await moveLatest(site, draft.mirror, snapshot.body.id);
  return snapshot;
}

// A source package has several files, and counts once.
function countPackages(entries: readonly ManifestEntry[]): number {
  const packages = entries.filter((entry) => entry.kind === "package");
  return new Set(
    packages.map(({ path, name, version, arch }) =>
      name === undefined ? path : `${name} ${version} ${arch}`,
    ),
  ).size;
}

function recordedKeys(trust: RecordedTrust): readonly { sha256: string }[] {
  return trust.kind === "keys" ? trust.keyrings : [];
}

async function lastLook(
  store: PruneStore,
  blobs: readonly { sha256: string; size?: number }[],
): Promise<void> {
  const seen = new Set<string>();
  for (const { sha256: digest, size } of blobs) {
    if (seen.has(digest)) continue;
    seen.add(digest);
    const there = await store.statBlob(digest);
    if (there === undefined || (size !== undefined && there.size !== size)) {
      throw new SluiceError("blob_missing", `The blob ${digest} went away during the sync: run it again.`);
    }
  }
}
