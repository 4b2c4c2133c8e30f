import { SluiceError } from "../base/errors.ts";
import type { Site } from "../channel/site.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { snapshotRef } from "../snapshot/snapshots.ts";
import { appendRef, latestRef } from "../store/refs.ts";
import type { Proven } from "./prove.ts";

/** Writes this site's own records of snapshots that were proven, after a last look that all of their files are here. Gives `mirror@id` of each. Held under the store's lock. */
export async function commitImported(
  site: Site,
  sender: string,
  names: ReadonlyMap<string, string>,
  proven: readonly Proven[],
  from: string,
): Promise<string[]> {
  const author = await site.author();
  const made: string[] = [];
  for (const { snapshot, trust, claims } of proven) {
    const { pinned: _pinned, removed: _removed, ...theirs } = snapshot.body;
    const mirror = names.get(theirs.mirror) ?? theirs.mirror;
    const origin = { site: sender, mirror: theirs.mirror, record: snapshot.sha256 };
    const body: SnapshotRecord = { ...theirs, mirror, trust, claims, origin };
    await lastLook(site, body);
    const name = snapshotRef(mirror, body.id);
    // It may have been here before, and given up.
    const before = await latestRef<SnapshotRecord>(site.store, name);
    await appendRef(site.store, author, name, before, { body, why: `import ${from}`, at: site.clock() });
    made.push(`${mirror}@${body.id}`);
  }
  return made;
}

async function lastLook(site: Site, { mirror, id, manifest, trust }: SnapshotRecord): Promise<void> {
  const keyrings = trust.kind === "keys" ? trust.keyrings : [];
  const entries = await readManifest(site.store, manifest, `${mirror}@${id}`);
  const blobs: readonly { sha256: string; size?: number }[] = [...entries, ...keyrings];
  for (const { sha256, size } of blobs) {
    const there = await site.store.statBlob(sha256);
    if (there === undefined || (size !== undefined && there.size !== size))
      throw new SluiceError("blob_missing", `The blob ${sha256} went away during the import: run it again.`);
  }
}
