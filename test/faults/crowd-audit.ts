import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { channelHistory, channelNames } from "../../src/channel/channels.ts";
import { openSite } from "../../src/channel/site.ts";
import type { Site } from "../../src/channel/site.ts";
import { contentDate, listSnapshots, lastSnapshot, snapshotRef } from "../../src/snapshot/snapshots.ts";
import type { SnapshotRecord } from "../../src/snapshot/record.ts";
import { checkRef, readRef } from "../../src/store/refs.ts";
import type { SluiceSite } from "../clients/sluice.ts";
import { digestsBelow } from "../e2e/apt/lab.ts";
import { filesBelow } from "../upstreams/apt.ts";
import type { Reported } from "./crowd-operations.ts";
import { stateOf } from "./crowd-reader.ts";
import type { Tree } from "./stage.ts";

/** Holds that a site which a crowd has used is of one piece: nothing was lost, made twice, or left behind. */
export async function audit(
  used: SluiceSite,
  states: readonly Tree[],
  reported: readonly Reported[],
): Promise<void> {
  await used.ok("verify");
  await used.ok("gc");
  await used.ok("verify");
  const site = await openSite(used.data, 0);
  try {
    await singleLines(site);
    await nothingLost(site, reported);
    await forwardOnly(site);
    await treesAgree(site, used.data, states);
  } finally {
    await site.store.close();
  }
  deepEqual(await filesBelow(join(used.data, "quarantine")), []);
  deepEqual(await filesBelow(join(used.data, "tmp")), []);
}

/** Each record: numbers without a gap, each hash that of the version before, each signed. */
async function singleLines({ store, siteKey }: Site): Promise<void> {
  for (const name of await store.listRefs("")) {
    deepEqual(await checkRef(store, name, siteKey), []);
    const versions = await store.refVersions(name);
    deepEqual(
      versions,
      versions.map((_, at) => at + 1),
    );
  }
}

/** Each move that was reported done is the version that it was said to be, and no two were told the same. */
async function nothingLost({ store }: Site, reported: readonly Reported[]): Promise<void> {
  const seen = new Set<string>();
  for (const { channel, version, why, to } of reported) {
    const name = `${channel} ${version}`;
    ok(!seen.has(name), `two runs were told that they made ${name}`);
    seen.add(name);
    const history = await channelHistory(store, channel);
    const made = history[version - 1];
    equal(made?.why, why, name);
    for (const [mirror, id] of Object.entries(to)) equal(made?.body.mirrors[mirror], id, name);
  }
}

/** `latest` never went back to older content. */
async function forwardOnly({ store }: Site): Promise<void> {
  let newest = 0;
  for (const { body } of await channelHistory(store, "latest")) {
    const record = await readRef<SnapshotRecord>(store, snapshotRef("m", body.mirrors["m"] ?? ""), 1);
    const date = contentDate(record.body) ?? 0;
    ok(date >= newest, "latest went back");
    newest = date;
  }
  const last = (await channelHistory(store, "latest")).at(-1);
  equal(
    last?.body.mirrors["m"],
    (await lastSnapshot(store, "m"))?.body.id,
    "the last snapshot is the latest",
  );
}

/** Each snapshot has its tree, and no other has one; each channel's links are those of its newest version, and lead to a snapshot. */
async function treesAgree({ store }: Site, data: string, states: readonly Tree[]): Promise<void> {
  const { trees } = store;
  ok(trees);
  const ids = (await listSnapshots(store, "m")).map(({ body }) => body.id);
  deepEqual(
    (await trees.listTrees()).map(({ id }) => id),
    ids,
  );
  for (const id of ids) stateOf(states, await digestsBelow(join(data, "trees/m", id)), id);
  deepEqual(await trees.listChannels(), await channelNames(store));
  for (const name of await channelNames(store)) {
    const now = (await channelHistory(store, name)).at(-1);
    deepEqual(await trees.readChannel(name), { version: now?.version, mirrors: now?.body.mirrors }, name);
    ok(ids.includes(now?.body.mirrors["m"] ?? ""), `${name} points to what is gone`);
  }
}
