import assert from "node:assert/strict";
import { test } from "node:test";
import { publish, rig, START } from "../sync/rig.test-helper.ts";
import { channelHistory, findChannel, LATEST } from "./channels.ts";
import { moveLatest } from "./moves.ts";

test("syncs of many mirrors that end in the same moment all find their way into latest", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.sync();
  const names = Array.from({ length: 8 }, (_, at) => `mirror${at}`);
  // All of them read the same version first, and only one can write the next.
  await Promise.all(names.map(async (name) => moveLatest(made.site, name, "20261121T050000Z")));
  const held = (await findChannel(made.site.store, LATEST))?.body.mirrors;
  assert.deepEqual(Object.keys(held ?? {}).toSorted(), [...names, "toy"]);
  assert.equal((await channelHistory(made.site.store, LATEST)).length, 9);
});
