import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findChannel } from "../../channel/channels.ts";
import { commitMove, planPromote } from "../../channel/moves.ts";
import { listing } from "../../sync/rig.test-helper.ts";
import { exportsTo } from "../export-record.ts";
import { goOn, takes } from "../sites.test-helper.ts";
import type { Assumption } from "./assume.ts";
import { bundlePair, bytesIn, sourceIn, writes } from "./bundles.test-helper.ts";

const since = (overlap: number): { assumption: Assumption } => ({
  assumption: { kind: "exports", overlap },
});

test("where nothing is new nothing is written; the last bundle is written again if it was lost", async (context) => {
  const { outer, home } = await bundlePair(context);
  const [first, second, again] = ["first", "second", "again"].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  await writes(outer, first, since(0));
  for (const folder of [second, first]) {
    const done = await writes(outer, folder, since(0));
    assert.deepEqual([done.result, done.folder, done.number], ["sent before", first, 1]);
  }
  assert.ok(!existsSync(second));
  assert.equal((await exportsTo(outer.site.store, "any")).length, 1);
  const empty = await writes(outer, join(home, "empty"), { ...since(0), evenEmpty: true });
  assert.deepEqual([empty.result, empty.files], ["written", 0]);
  const lost = await writes(outer, again, since(2));
  assert.deepEqual([lost.result, lost.number], ["written", 1]);
  assert.deepEqual(await bytesIn(again), await bytesIn(first));
  assert.equal((await writes(outer, second, { ...since(0), destination: "other" })).result, "written");
  const next = await goOn(outer, { a: "two" });
  const delta = await writes(outer, join(home, "delta"), since(0));
  assert.deepEqual([delta.result, delta.number, delta.snapshots], ["written", 3, [`toy@${next}`]]);
});

test("a channel that was only renewed is new: its word crosses the gap in a bundle without files", async (context) => {
  const { outer, inner, home } = await bundlePair(context);
  const [first, renewed] = [join(home, "first"), join(home, "renewed")];
  await writes(outer, first, since(0));
  await takes(inner, await sourceIn(first));
  outer.now += 20 * 86_400_000;
  await commitMove(outer.site, await planPromote(outer.site.store, () => listing, "latest", "stable", []));
  const done = await writes(outer, renewed, since(0));
  assert.deepEqual([done.result, done.number, done.files], ["written", 2, 0]);
  await takes(inner, await sourceIn(renewed));
  const expires = async ({ site }: typeof outer) => (await findChannel(site.store, "stable"))?.body.expires;
  assert.equal(await expires(inner), await expires(outer));
});
