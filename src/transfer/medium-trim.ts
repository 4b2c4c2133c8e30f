import { SluiceError } from "../base/errors.ts";
import { channelNames, findChannel } from "../channel/channels.ts";
import { reachableBlobs } from "../channel/gc.ts";
import { readIdentityRow, siteFolder } from "../channel/identity-row.ts";
import { assertRecords } from "../channel/proven-records.ts";
import { keptByPolicy } from "../channel/retention.ts";
import type { Site } from "../channel/site.ts";
import { reconcileTrees } from "../channel/trees.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { listSnapshots, snapshotRef, storedMirrors } from "../snapshot/snapshots.ts";
import type { Held, PruneStore, ReadStore } from "../store/contract.ts";
import type { Cargo } from "./contract.ts";

/** What is on its way to a medium: counts as being there. */
export interface Coming {
  readonly store: ReadStore;
  readonly cargo: Cargo;
}

export interface Trimmed {
  /** `mirror@id` */
  readonly removed: readonly string[];
  readonly files: number;
  readonly bytes: number;
}

/** A medium as a site of its own, and how many snapshots of each mirror it is to keep. */
export interface Upkeep {
  readonly site: Site;
  readonly keep: number | undefined;
}

/** One writer at a time: what one copies is nothing to be swept by another. */
export async function lockMedium(medium: PruneStore): Promise<Held> {
  return medium.lock("medium", "export", { waitMs: 600_000 });
}

/** Throws medium_unsuitable where the store is not this site's. */
export async function holdOwn(medium: ReadStore, site: string, folder: string): Promise<void> {
  const theirs = await readIdentityRow(medium);
  const isForeign = theirs === undefined ? (await medium.listRefs("")).length > 0 : theirs.id !== site;
  if (isForeign)
    throw new SluiceError(
      "medium_unsuitable",
      `${folder} holds the store of another site: give another folder.`,
    );
}

/** Takes older snapshots from a medium: records first, then trees, then the files that nothing there needs. Without `keep`, nothing. */
export async function trim(upkeep: Upkeep, coming?: Coming): Promise<Trimmed> {
  const records = await surplus(upkeep, coming?.cargo);
  if (records.length === 0) return { removed: [], files: 0, bytes: 0 };
  await assertRecords(upkeep.site);
  for (const { mirror, id, origin } of records) {
    if (origin !== undefined)
      await upkeep.site.store.dropRef(`${siteFolder(origin.site)}${snapshotRef(origin.mirror, id)}`);
    await upkeep.site.store.dropRef(snapshotRef(mirror, id));
  }
  await reconcileTrees(upkeep.site, { refreshGrace: true });
  const swept = await sweep(upkeep.site, await needed(coming));
  return { removed: records.map(({ mirror, id }) => `${mirror}@${id}`), ...swept };
}

/** Records of the snapshots that are neither among the newest of their mirror, nor pinned, nor of a channel of the medium. */
export async function surplus({ site: { store }, keep }: Upkeep, cargo?: Cargo): Promise<SnapshotRecord[]> {
  if (keep === undefined) return [];
  const held = new Set<string>();
  for (const name of await channelNames(store))
    for (const [mirror, id] of Object.entries((await findChannel(store, name))?.body.mirrors ?? {}))
      held.add(`${mirror}@${id}`);
  const found: SnapshotRecord[] = [];
  for (const mirror of await storedMirrors(store)) {
    const there = (await listSnapshots(store, mirror)).map(({ body }) => body);
    const coming = (cargo?.snapshots ?? []).filter((one) => one.mirror === mirror).map(({ id }) => id);
    const ids = [...new Set([...there.map(({ id }) => id), ...coming])].toSorted();
    const kept = keptByPolicy(ids, { last: keep });
    for (const record of there)
      if (!kept.has(record.id) && !coming.includes(record.id) && record.pinned === undefined)
        if (!held.has(`${mirror}@${record.id}`)) found.push(record);
  }
  return found;
}

/** Deletes the files that no snapshot of the medium needs, of what an export left that was stopped, too. With `dryRun`, only says how many. */
export async function sweep(
  site: Pick<Site, "store">,
  others: ReadonlySet<string>,
  { without = new Set(), dryRun = false }: { without?: ReadonlySet<string>; dryRun?: boolean } = {},
): Promise<{ files: number; bytes: number }> {
  const needs = await reachableBlobs(site, without);
  const gone: string[] = [];
  let bytes = 0;
  for await (const { sha256, size } of site.store.listBlobs()) {
    if (needs.has(sha256) || others.has(sha256)) continue;
    gone.push(sha256);
    bytes += size;
  }
  if (!dryRun) await site.store.deleteBlobs(gone);
  return { files: gone.length, bytes };
}

async function needed(coming: Coming | undefined): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { mirror, id, manifest, keyrings } of coming?.cargo.snapshots ?? []) {
    for (const sha256 of [manifest.sha256, ...keyrings]) found.add(sha256);
    if (coming === undefined) continue;
    for (const { sha256 } of await readManifest(coming.store, manifest, `${mirror}@${id}`)) found.add(sha256);
  }
  return found;
}

/** Upkeep of a medium by itself. With `dryRun` nothing is written. Throws medium_unsuitable where it is not this site's. */
export async function collectMedium(
  site: Site,
  medium: PruneStore,
  folder: string,
  { keep, dryRun }: { keep: number | undefined; dryRun: boolean },
): Promise<Trimmed> {
  await site.author();
  await using _held = await lockMedium(medium);
  await holdOwn(medium, (await readIdentityRow(site.store))?.id ?? "", folder);
  const upkeep = { site: { ...site, store: medium }, keep };
  await assertRecords(upkeep.site);
  if (dryRun) {
    const removed = (await surplus(upkeep)).map(({ mirror, id }) => `${mirror}@${id}`);
    return { removed, ...(await sweep(upkeep.site, new Set(), { without: new Set(removed), dryRun })) };
  }
  const { removed, ...first } = await trim(upkeep);
  const rest = await sweep(upkeep.site, new Set());
  await medium.sweep(3_600_000);
  return { removed, files: first.files + rest.files, bytes: first.bytes + rest.bytes };
}
