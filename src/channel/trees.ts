import { snapshotTime } from "../base/names.ts";
import { readManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { readRootTimes } from "../snapshot/root-times.ts";
import { findSnapshot, listSnapshots, storedMirrors } from "../snapshot/snapshots.ts";
import type { TreeFile, TreeStore } from "../store/contract.ts";
import { channelHistory, channelNames, type Channel } from "./channels.ts";
import { graceSnapshots } from "./grace.ts";
import type { Site } from "./site.ts";

/**
 * Makes the trees what blobs and refs say: a tree for each snapshot, a link for each channel, and beside it the files that still have grace. Whatever
 * a killed run left undone is done here. Does nothing where the store keeps no trees.
 */
export async function reconcileTrees(site: Site, options: { refreshGrace?: boolean } = {}): Promise<void> {
  const trees = site.store.trees;
  if (trees === undefined) return;
  await using _held = await site.store.lock("trees", "publish", { waitMs: 600_000 });
  const wanted = await wantedTrees(site);
  const there = new Set((await trees.listTrees()).map(({ mirror, id }) => `${mirror}/${id}`));
  for (const [key, record] of wanted) if (!there.has(key)) await plantTree(site, trees, record);
  const channels = await channelNames(site.store);
  for (const name of channels) {
    const history = await channelHistory(site.store, name);
    const now = history.at(-1);
    if (now === undefined) continue;
    const moved = (await trees.readChannel(name))?.version !== now.version;
    if (moved || options.refreshGrace === true) await setGrace(site, trees, name, history);
    if (moved) await trees.setChannel(name, now.version, now.body.mirrors);
  }
  for (const name of await trees.listChannels())
    if (!channels.includes(name)) await trees.removeChannel(name);
  for (const key of there) {
    const [mirror = "", id = ""] = key.split("/");
    if (!wanted.has(key)) await trees.removeTree(mirror, id);
  }
}

/** Builds the tree of one snapshot, or puts back the names that are missing from it. */
export async function plantTree(site: Site, trees: TreeStore, record: SnapshotRecord): Promise<void> {
  const manifest = await readManifest(site.store, record.manifest.sha256, `${record.mirror}@${record.id}`);
  const times = await readRootTimes(site.store, record.mirror);
  const made = snapshotTime(record.id);
  const files = manifest.map(({ path, sha256, kind }): TreeFile => {
    // nginx makes both of its validators of the time and the size.
    return kind === "root" ? { path, sha256, mtime: times.of({ path, sha256 }) ?? made } : { path, sha256 };
  });
  await trees.createTree(record.mirror, record.id, files);
}

async function wantedTrees(site: Site): Promise<Map<string, SnapshotRecord>> {
  const wanted = new Map<string, SnapshotRecord>();
  for (const mirror of await storedMirrors(site.store)) {
    for (const { body } of await listSnapshots(site.store, mirror)) wanted.set(`${mirror}/${body.id}`, body);
  }
  return wanted;
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
    : readManifest(site.store, record.manifest.sha256, `${record.mirror}@${record.id}`);
}
