import assert from "node:assert/strict";
import { test } from "node:test";
import { findChannel, LATEST } from "../channel/channels.ts";
import { publish, rig, START, type Rig } from "./rig.test-helper.ts";

function packages(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, `content ${at}`]));
}

async function latest({ site }: Rig): Promise<string | undefined> {
  return (await findChannel(site.store, LATEST))?.body.mirrors["toy"];
}

test("a mirror of many packages that would have none is held until that is confirmed, once", async () => {
  const made = rig();
  publish(made.upstream, START, packages(20));
  await made.sync();
  const before = await latest(made);
  publish(made.upstream, START + 1000, {});
  made.now += 60_000;
  const held = { code: "packages_gone", message: new RegExp(`${before}, has 20: .*--allow-empty`) };
  await assert.rejects(made.sync(), held);
  await assert.rejects(made.sync({ planOnly: true }), held);
  assert.equal(await latest(made), before);
  assert.equal((await made.sync({ allowEmpty: true })).result, "updated");
  assert.notEqual(await latest(made), before);
  assert.equal((await made.sync()).result, "unchanged");
});

test("a few that go, and many of which one stays, are news like any other", async () => {
  const made = rig();
  for (const count of [19, 0, 30, 1]) {
    publish(made.upstream, made.now, packages(count));
    assert.equal((await made.sync()).result, "updated", String(count));
    made.now += 60_000;
  }
});
