import assert from "node:assert/strict";
import { test } from "node:test";
import { publish, rig, START } from "../sync/rig.test-helper.ts";
import { appendRef } from "../store/refs.ts";
import { channelHistory, channelRef, findChannel, LATEST, resolveId } from "./channels.ts";
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

test("a mirror that is in other channels alone is named with them", async () => {
  const made = rig();

  const { store } = made.site;
  await assert.rejects(resolveId(store, "toy"), { code: "unknown_snapshot" });
  const body = { channel: "stable", mirrors: { toy: "20261121T050000Z" } };
  await appendRef(store, await made.site.author(), channelRef("stable"), undefined, {
    body,
    why: "test",
    at: START,
  });
  await assert.rejects(resolveId(store, "toy"), {
    code: "unknown_channel",
    message: /not in the channel 'latest', but in stable: say which, as toy@stable/,
  });
});
