import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../store/memory.ts";
import { publish, rig } from "../sync/rig.test-helper.ts";
import { clockWarning } from "./clock-warning.ts";

const DAY = 86_400_000;

test("a clock before the newest record is told to all, one of a year later to those that write", async () => {
  const made = rig();
  const { store } = made.site;
  publish(made.upstream, made.now - 1000, { a: "a" });
  await made.sync();
  const told = async (days: number, writing: boolean) =>
    (await clockWarning(store, made.now + days * DAY, { writing })) ?? "";
  for (const days of [-3650, -1]) {
    for (const writing of [false, true])
      assert.match(
        await told(days, writing),
        /^The clock of this host .+ before refs\/channels\/latest\/1\.json was/,
      );
  }
  for (const days of [-0.001, 0, 30, 365])
    for (const writing of [false, true]) assert.equal(await told(days, writing), "");
  assert.match(
    await told(3650, true),
    /^The clock of this host .+ than a year after the newest record, refs/,
  );
  assert.equal(await told(3650, false), "");
});

test("a wrong time that was written is told until its channel moves again", async () => {
  const made = rig();
  made.now += 3650 * DAY;
  publish(made.upstream, made.now - 1000, { a: "a" });
  await made.sync();
  made.now -= 3650 * DAY;
  const told = async () => clockWarning(made.site.store, made.now, { writing: true });
  assert.match((await told()) ?? "", /until 'latest' moves again\.$/);
  publish(made.upstream, made.now - 1000, { a: "b" });
  assert.equal((await made.sync({ allowOlder: true })).result, "updated");
  assert.equal(await told(), undefined);
});

test("a store without records tells nothing of a clock, and one with a damaged one what the others tell", async () => {
  assert.equal(await clockWarning(memoryStore(), 0, { writing: true }), undefined);
  const made = rig();
  publish(made.upstream, made.now - 1000, { a: "a" });
  await made.sync();
  const { store } = made.site;
  await store.createRef("channels/bad", 1, Buffer.from("{}"));
  assert.match((await clockWarning(store, 0, { writing: false })) ?? "", /latest/);
});
