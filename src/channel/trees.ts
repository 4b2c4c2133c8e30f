import { SluiceError } from "../base/errors.ts";
import { snapshotTime } from "../base/names.ts";
import { readManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { readRootTimes } from "../snapshot/root-times.ts";
import { findSnapshot, snapshotRef, storedMirrors, surveySnapshots } from "../snapshot/snapshots.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import type { Held, TreeFile, TreeStore } from "../store/contract.ts";
import { assertRow, assertSigned, latestRef } from "../store/refs.ts";
import { channelHistory, channelNames, type Channel } from "./channels.ts";
import { graceSnapshots } from "./grace.ts";
import type { Site } from "./site.ts";

/**
 * Makes the trees what blobs and refs say: a tree for each snapshot, a link for each channel, and beside it the files that still have grace. Whatever
 * a killed run left undone is done here. Returns a sentence for each part that cannot be made because the store is damaged; the others are made.
 * Does nothing where the store keeps no trees.
 */
export async function reconcileTrees(
  site: Site,
  options: { refreshGrace?: boolean } = {},
): Promise<string[]> {
  const trees = site.store.trees;
  if (trees === undefined) return [];
  await using _held = await lockTrees(site);
  const problems: string[] = [];
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (!isDamage(error)) throw error;
      problems.push(`The trees are not up to date: ${error.message}`);
    }
  };
  const there = new Set((await trees.listTrees()).map(({ mirror, id }) => `${mirror}/${id}`));
  const wanted = new Set<string>();
  for (const mirror of await storedMirrors(site.store)) {
    const { snapshots, faults } = await surveySnapshots(site.store, mirror);
    problems.push(...faults);
    // What a damaged record says cannot be known: its tree stays as it is.
    if (faults.length > 0) for (const key of there) if (key.startsWith(`${mirror}/`)) wanted.add(key);
    for (const snapshot of snapshots) {
      const { body } = snapshot;
      wanted.add(`${mirror}/${body.id}`);
      if (!there.has(`${mirror}/${body.id}`)) await attempt(async () => plantNew(site, trees, snapshot));
    }
  }
  const channels = await channelNames(site.store);
  for (const name of channels) {
    await attempt(async () => setChannelTrees(site, trees, name, wanted, options.refreshGrace === true));
  }
  for (const name of await trees.listChannels())
    if (!channels.includes(name)) await trees.removeChannel(name);
  // A link that could not be switched leads to where it did.
  for (const key of await linkedTrees(trees)) wanted.add(key);
  for (const key of there) {
    const [mirror = "", id = ""] = key.split("/");
    if (!wanted.has(key)) await attempt(async () => removeTree(site, trees, mirror, id));
  }
  return problems;
}

/** `mirror/id` of all trees that a channel leads to. */
async function linkedTrees(trees: TreeStore): Promise<Set<string>> {
  const linked = new Set<string>();
  for (const name of await trees.listChannels()) {
    const { mirrors = {} } = (await trees.readChannel(name)) ?? {};
    for (const [mirror, id] of Object.entries(mirrors)) linked.add(`${mirror}/${id}`);
  }
  return linked;
}

/** Removes the tree of a snapshot that was given up, at once; not where a channel still leads to it, since it has not been switched yet. */
export async function dropTree(site: Site, mirror: string, id: string): Promise<void> {
  const { trees } = site.store;
  if (trees === undefined) return;
  await using _held = await lockTrees(site);
  if (!(await linkedTrees(trees)).has(`${mirror}/${id}`)) await trees.removeTree(mirror, id);
}

// A snapshot is given up by a version of its record, signed as any other.
async function removeTree(site: Site, trees: TreeStore, mirror: string, id: string): Promise<void> {
  const removal = await latestRef(site.store, snapshotRef(mirror, id));
  if (removal !== undefined) await assertSigned(site.store, removal, site.siteKey);
  await trees.removeTree(mirror, id);
}

function isDamage(error: unknown): error is SluiceError {
  return (
    error instanceof SluiceError && /^(blob|ref|manifest)_/.test(error.code) && error.code !== "ref_conflict"
  );
}

async function setChannelTrees(
  site: Site,
  trees: TreeStore,
  name: string,
  wanted: Set<string>,
  refreshGrace: boolean,
): Promise<void> {
  const history = await channelHistory(site.store, name);
  const now = history.at(-1);
  if (now === undefined) return;
  const { mirrors } = now.body;
  for (const [mirror, id] of Object.entries(mirrors)) wanted.add(`${mirror}/${id}`);
  const linked = await trees.readChannel(name);
  const moved =
    linked?.version !== now.version ||
    Object.keys(mirrors).some((one) => linked.mirrors[one] !== mirrors[one]);
  if (!moved && !refreshGrace) return;
  await assertRow(site.store, history, site.siteKey);
  if (moved && !(await plantMissing(site, trees, mirrors, linked !== undefined))) return;
  // Grace is a courtesy to clients in mid-upgrade: damage to an old snapshot must not hold the channel back.
  const [done] = await Promise.allSettled([setGrace(site, trees, name, history)]);
  if (moved) await trees.setChannel(name, now.version, mirrors);
  if (done?.status === "rejected") throw done.reason;
}

/**
 * Makes the trees that a channel is to lead to, where they are not there: the channel may have moved since the snapshots were looked through. False where
 * one has been given up: then the channel has moved on, and whoever moved it comes after this. Throws where one is damaged and the channel leads
 * somewhere already; where it leads nowhere, it is better to have what there is.
 */
async function plantMissing(
  site: Site,
  trees: TreeStore,
  mirrors: Readonly<Record<string, string>>,
  isLinked: boolean,
): Promise<boolean> {
  for (const [mirror, id] of Object.entries(mirrors)) {
    if (await trees.hasTree(mirror, id)) continue;
    const snapshot = await findSnapshot(site.store, mirror, id);
    if (snapshot === undefined) return false;
    try {
      await plantNew(site, trees, snapshot);
    } catch (error) {
      if (isLinked || !isDamage(error)) throw error;
    }
  }
  return true;
}

async function plantNew(site: Site, trees: TreeStore, snapshot: Snapshot): Promise<void> {
  await assertSigned(site.store, snapshot, site.siteKey);
  await plantTree(site, trees, snapshot.body);
}

/** Builds the tree of one snapshot, or puts right the one that is there; returns the paths that were wrong. To be called under the lock `trees`. */
export async function plantTree(site: Site, trees: TreeStore, record: SnapshotRecord): Promise<string[]> {
  return trees.createTree(record.mirror, record.id, await treeFiles(site, record));
}

/**
 * Puts right the tree of a snapshot that may be given up at the same time; returns the paths that were wrong. The lock is held
 * only where there is something to put right.
 */
export async function rightTree(site: Site, record: SnapshotRecord): Promise<string[]> {
  const { trees } = site.store;
  if (trees === undefined) return [];
  const { mirror, id } = record;
  const wrong = await trees.wrongInTree(mirror, id, await treeFiles(site, record));
  if (wrong?.length === 0) return [];
  await using _held = await lockTrees(site);
  return (await findSnapshot(site.store, mirror, id)) === undefined ? [] : plantTree(site, trees, record);
}

/** Held by whoever changes trees. */
export async function lockTrees(site: Site): Promise<Held> {
  return site.store.lock("trees", "publish", { waitMs: 600_000 });
}

async function treeFiles(site: Site, record: SnapshotRecord): Promise<TreeFile[]> {
  const manifest = await readManifest(site.store, record.manifest, `${record.mirror}@${record.id}`);
  const times = await readRootTimes(site.store, record.mirror);
  const made = snapshotTime(record.id);
  return manifest.map(({ path, sha256, kind }) => {
    // nginx makes both of its validators of the time and the size.
    return kind === "root" ? { path, sha256, mtime: times.of({ path, sha256 }) ?? made } : { path, sha256 };
  });
}

async function setGrace(
  site: Site,
  trees: TreeStore,
  channel: string,
  history: readonly Channel[],
): Promise<void> {
  const mirrors = new Set(history.flatMap((version) => Object.keys(version.body.mirrors)));
  for (const mirror of mirrors) {
    const records = new Map<string, SnapshotRecord>();
    for (const id of new Set(history.map((version) => version.body.mirrors[mirror]))) {
      const found = id === undefined ? undefined : await findSnapshot(site.store, mirror, id);
      if (found !== undefined) records.set(found.body.id, found.body);
    }
    const ids = graceSnapshots(history, mirror, site.clock(), site.graceMs, (id) => records.get(id));
    if (ids.length === 0) {
      await trees.setGrace(mirror, channel, []);
      continue;
    }
    const current = history.at(-1)?.body.mirrors[mirror];
    const taken = new Set(
      current === undefined ? [] : (await manifestOf(site, records.get(current))).map((e) => e.path),
    );
    const files: TreeFile[] = [];
    for (const id of ids) {
      for (const entry of await manifestOf(site, records.get(id))) {
        if (entry.kind === "root" || taken.has(entry.path)) continue;
        taken.add(entry.path);
        files.push({ path: entry.path, sha256: entry.sha256 });
      }
    }
    await trees.setGrace(mirror, channel, files);
  }
}

async function manifestOf(site: Site, record: SnapshotRecord | undefined): Promise<ManifestEntry[]> {
  return record === undefined
    ? []
    : readManifest(site.store, record.manifest, `${record.mirror}@${record.id}`);
}
