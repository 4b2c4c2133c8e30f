import { isDeepStrictEqual } from "node:util";
import { SluiceError } from "../base/errors.ts";
import { channelRef, findChannel } from "../channel/channels.ts";
import type { Site } from "../channel/site.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { ChannelRecord, SnapshotRecord } from "../snapshot/record.ts";
import { snapshotRef } from "../snapshot/snapshots.ts";
import { appendRef, latestRef } from "../store/refs.ts";
import type { Cargo } from "./contract.ts";
import type { ImportRecord } from "./import-record.ts";
import type { Proven } from "./prove.ts";

export interface ChannelMove {
  readonly channel: string;
  /** The sender's version that it follows. */
  readonly version: number;
  readonly mirrors: Readonly<Record<string, string>>;
}

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
  const entries = await readManifest(site.store, manifest.sha256, `${mirror}@${id}`);
  const blobs: readonly { sha256: string; size?: number }[] = [...entries, ...keyrings];
  for (const { sha256, size } of blobs) {
    const there = await site.store.statBlob(sha256);
    if (there === undefined || (size !== undefined && there.size !== size))
      throw new SluiceError("blob_missing", `The blob ${sha256} went away during the import: run it again.`);
  }
}

/** Moves this site's channels after the sender's versions that were not taken before. A channel that was moved here meanwhile moves again only for a new one. */
export async function commitChannels(
  site: Site,
  cargo: Cargo,
  names: ReadonlyMap<string, string>,
  before: ImportRecord | undefined,
  from: string,
): Promise<ChannelMove[]> {
  const author = await site.author();
  const moves: ChannelMove[] = [];
  for (const { name, version, mirrors: theirs } of cargo.channels) {
    if ((before?.channels[name] ?? 0) >= version) continue;
    const mirrors: Record<string, string> = {};
    for (const [mirror, id] of Object.entries(theirs)) mirrors[names.get(mirror) ?? mirror] = id;
    for (let attempt = 0; ; attempt++) {
      const base = await findChannel(site.store, name);
      const body: ChannelRecord = {
        channel: name,
        mirrors: { ...base?.body.mirrors, ...mirrors },
      };
      if (base !== undefined && isDeepStrictEqual(base.body, body)) break;
      try {
        await appendRef(site.store, author, channelRef(name), base, {
          body,
          why: `import ${from}`,
          at: site.clock(),
        });
        break;
      } catch (error) {
        const lost = error instanceof SluiceError && error.code === "ref_conflict";
        if (!lost || attempt >= 50) throw error;
      }
    }
    moves.push({ channel: name, version, mirrors });
  }
  return moves;
}
