import { asSluiceError, SluiceError } from "../base/errors.ts";
import { snapshotId, snapshotTime } from "../base/names.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { amendSnapshot, listSnapshots, storedMirrors, type Snapshot } from "../snapshot/snapshots.ts";
import { channelHistory, channelNames, type Channel } from "./channels.ts";
import { condemnedAt, condemnedList, readCondemned, writeCondemned, type Condemned } from "./condemned.ts";
import { graceSnapshots } from "./grace.ts";
import { underStoreLock } from "./moves.ts";
import { assertRecords } from "./proven-records.ts";
import { keptByPolicy, type Keep } from "./retention.ts";
import type { Site } from "./site.ts";
import { dropTree, reconcileTrees } from "./trees.ts";
import { acceptedKeyFiles } from "./vendor-keys.ts";
import { steadySince } from "./written-times.ts";

export interface GcResult {
  /** Snapshots that the policy gave up, `mirror@id`. */
  readonly removed: readonly string[];
  /** Blobs that nothing reaches and that wait for the grace to pass. */
  readonly condemnedBlobs: number;
  readonly condemnedBytes: number;
  readonly deletedBlobs: number;
  /** Bytes freed, temporary files included. */
  readonly freedBytes: number;
  /** What of the trees could not be made, because the store is damaged. */
  readonly problems: readonly string[];
}

const BATCH = 2000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What has been done, also by an attempt that met a full disk. */
interface Tally {
  readonly removed: Set<string>;
  deleted: number;
  freedBytes: number;
}

/**
 * Retention and garbage collection: gives up the snapshots that no policy, channel, grace or pin holds, deletes the blobs that were condemned for longer
 * than the grace and still are out of reach, and condemns the others that nothing reaches. With `dryRun` nothing is written. Needs no room.
 */
export async function collectGarbage(
  site: Site,
  policies: ReadonlyMap<string, Keep | undefined>,
  dryRun: boolean,
): Promise<GcResult> {
  const tally: Tally = { removed: new Set(), deleted: 0, freedBytes: 0 };
  const attempt = async (): Promise<GcResult> => collect(site, policies, dryRun, tally);
  return dryRun ? attempt() : site.store.withReserve(attempt);
}

async function collect(
  site: Site,
  policies: ReadonlyMap<string, Keep | undefined>,
  dryRun: boolean,
  tally: Tally,
): Promise<GcResult> {
  await using _held = await site.store.lock("gc", "gc");
  await assertRecords(site);
  const now = site.clock();
  const steady = await steadyAt(site, await histories(site), now);
  const sweepMs = Math.max(site.graceMs, HOUR_MS);
  if (!dryRun && now - steady >= sweepMs) tally.freedBytes += await site.store.sweep(sweepMs);
  await giveUpSnapshots(site, policies, dryRun, tally.removed);
  const marked = await reachableBlobs(site, tally.removed);
  const known = await readCondemned(site);
  const waiting: Condemned = {};
  const due: string[] = [];
  const sizes = new Map<string, number>();
  for await (const blob of site.store.listBlobs()) {
    if (marked.has(blob.sha256)) continue;
    // A blob of a sync that is still running is younger than the grace. One that is newer than now waits on the list.
    if (now >= blob.modified - HOUR_MS && now - blob.modified < site.graceMs) continue;
    const since = known[blob.sha256] ?? now;
    sizes.set(blob.sha256, blob.size);
    if (now - since >= site.graceMs) due.push(blob.sha256);
    else waiting[blob.sha256] = since;
  }
  const sum = (names: readonly string[]): number =>
    names.reduce((bytes, name) => bytes + (sizes.get(name) ?? 0), 0);
  const deleted = dryRun ? due : await deleteDue(site, due);
  tally.deleted += deleted.length;
  tally.freedBytes += sum(deleted);
  const condemned = Object.keys(dryRun ? waiting : await condemn(site, waiting, steady === now));
  if (!dryRun) await forgetUnreached(site);
  return {
    removed: [...tally.removed],
    condemnedBlobs: condemned.length,
    condemnedBytes: sum(condemned),
    deletedBlobs: tally.deleted,
    freedBytes: tally.freedBytes,
    problems: dryRun ? [] : await reconcileTrees(site, { refreshGrace: true }),
  };
}

// The list that it takes the place of goes at once: nothing but gc ever reads one, and else each gc would leave a list for the next one to condemn.
async function condemn(site: Site, waiting: Condemned, inAnyCase: boolean): Promise<Condemned> {
  const { condemned, former } = await writeCondemned(site, waiting, inAnyCase);
  if (former !== undefined) await deleteDue(site, [former]);
  return condemned;
}

async function giveUpSnapshots(
  site: Site,
  policies: ReadonlyMap<string, Keep | undefined>,
  dryRun: boolean,
  removed: Set<string>,
): Promise<void> {
  for (const mirror of await storedMirrors(site.store)) {
    const keep = policies.get(mirror);
    if (keep === undefined) continue;
    const snapshots = await listSnapshots(site.store, mirror);
    const times = new Map(snapshots.map(({ body }) => [body.id, timeOf(body)]));
    const kept = keptByPolicy([...times.keys()], keep, (id) => times.get(id) ?? id);
    const held = await heldIds(site, mirror, snapshots);
    for (const snapshot of snapshots) {
      const { id, pinned } = snapshot.body;
      if (kept.has(id) || held.has(id) || pinned !== undefined) continue;
      if (!dryRun && !(await giveUp(site, snapshot))) continue;
      removed.add(`${mirror}@${id}`);
      // It frees more than the record of the removal took: room for the next one.
      if (!dryRun) await dropTree(site, mirror, id);
    }
  }
}

// Ids go on from one that a wrong clock has set years ahead: then only the record knows the day.
function timeOf({ id, acceptedAt }: SnapshotRecord): string {
  const accepted = Date.parse(acceptedAt);
  return Math.abs(snapshotTime(id) - accepted) < DAY_MS ? id : snapshotId(accepted);
}

// One that is pinned, or changed in any other way, at this moment is left to the next gc.
async function giveUp(site: Site, snapshot: Snapshot): Promise<boolean> {
  try {
    return await removeSnapshot(site, snapshot, "gc: not kept by the policy");
  } catch (error) {
    if (error instanceof SluiceError && error.code === "ref_conflict") return false;
    throw error;
  }
}

/** Ids of a mirror that a channel points to, or still owes grace. */
export async function heldIds(
  site: Site,
  mirror: string,
  snapshots: readonly Snapshot[],
): Promise<Set<string>> {
  const records = new Map(snapshots.map(({ body }) => [body.id, body]));
  const held = new Set<string>();
  const now = site.clock();
  const rows = await histories(site);
  const since = await steadyAt(site, rows, now);
  for (const history of rows) {
    const current = history.at(-1)?.body.mirrors[mirror];
    if (current !== undefined) held.add(current);
    for (const id of graceSnapshots(history, mirror, now, site.graceMs, (one) => records.get(one), since))
      held.add(id);
  }
  return held;
}

async function histories({ store }: Site): Promise<Channel[][]> {
  const rows: Channel[][] = [];
  for (const name of await channelNames(store)) rows.push(await channelHistory(store, name));
  return rows;
}

/** Since when (ms) the records show no long gap: now, where they are so old, or the clock is so far ahead, that nothing may be deleted by it. */
async function steadyAt({ store }: Site, rows: readonly Channel[][], now: number): Promise<number> {
  const times = rows.flat().map(({ at }) => Date.parse(at));
  const listed = await condemnedAt(store);
  return steadySince(listed === undefined ? times : [...times, listed], now);
}

/** Writes the version of a snapshot's ref that removes it; its blobs go with a later gc. False where a channel holds it by now. */
export async function removeSnapshot(site: Site, snapshot: Snapshot, why: string): Promise<boolean> {
  const author = await site.author();
  const at = site.clock();
  const { mirror, id } = snapshot.body;
  const body: SnapshotRecord = { ...snapshot.body, removed: new Date(at).toISOString() };
  return underStoreLock(site, async () => {
    const held = await heldIds(site, mirror, await listSnapshots(site.store, mirror));
    if (held.has(id)) return false;
    await amendSnapshot(site.store, author, snapshot, { body, why, at });
    return true;
  });
}

/** Blobs that a snapshot of the store needs, but for those of the snapshots (`mirror@id`) that are to go. Throws where a manifest is damaged. */
export async function reachableBlobs(
  site: Pick<Site, "store">,
  without: ReadonlySet<string>,
): Promise<Set<string>> {
  const marked = new Set<string>();
  for (const mirror of await storedMirrors(site.store)) {
    for (const { body } of await listSnapshots(site.store, mirror)) {
      if (!without.has(`${body.mirror}@${body.id}`)) await markSnapshot(site, body, marked);
    }
  }
  for (const sha256 of await acceptedKeyFiles(site.store)) marked.add(sha256);
  const list = await condemnedList(site.store);
  if (list !== undefined) marked.add(list);
  return marked;
}

async function markSnapshot(
  site: Pick<Site, "store">,
  record: SnapshotRecord,
  marked: Set<string>,
): Promise<void> {
  if (record.trust.kind === "keys") for (const { sha256 } of record.trust.keyrings) marked.add(sha256);
  if (marked.has(record.manifest.sha256)) return;
  marked.add(record.manifest.sha256);
  const name = `${record.mirror}@${record.id}`;
  try {
    for (const entry of await readManifest(site.store, record.manifest, name)) marked.add(entry.sha256);
  } catch (error) {
    // What a lost manifest names cannot be told from what nothing reaches.
    const { code, message } = asSluiceError(error);
    throw new SluiceError(
      code,
      `gc deletes nothing while the manifest of ${name} is damaged (${message}): run \`sluice sync ${record.mirror}\`, or \`sluice snapshot remove ${name}\`.`,
      { cause: error },
    );
  }
}

// Marked again in the same breath as each batch is deleted: a commit's last look and a delete exclude each other.
async function deleteDue(site: Site, due: readonly string[]): Promise<string[]> {
  const deleted: string[] = [];
  for (let at = 0; at < due.length; at += BATCH) {
    await underStoreLock(site, async () => {
      const marked = await reachableBlobs(site, new Set());
      const batch = due.slice(at, at + BATCH).filter((sha256) => !marked.has(sha256));
      await site.store.deleteBlobs(batch);
      deleted.push(...batch);
    });
  }
  return deleted;
}

// A bad blob that nothing reaches any more will never be repaired, and need not be.
async function forgetUnreached(site: Site): Promise<void> {
  const bad = await site.store.quarantined();
  if (bad.length === 0) return;
  const marked = await reachableBlobs(site, new Set());
  await site.store.forgetQuarantined(bad.map((one) => one.sha256).filter((sha256) => !marked.has(sha256)));
}
