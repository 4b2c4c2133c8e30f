import assert from "node:assert/strict";
import { test } from "node:test";
import { listing, publish, rig, START, type Rig } from "../sync/rig.test-helper.ts";
import { findChannel, LATEST } from "./channels.ts";
import { expiredNotice } from "./expiry.ts";
import { listMirrors, showSnapshot } from "./list.ts";
import { commitMove, planPromote, planRollback } from "./moves.ts";

const DAY = 86_400_000;

async function synced(content = "a"): Promise<Rig> {
  const made = rig();
  publish(made.upstream, START, { a: content });
  await made.sync();
  return made;
}

async function promote({ site }: Rig, from = LATEST): Promise<void> {
  await commitMove(site, await planPromote(site.store, () => listing, from, "stable", []));
}

const state = async ({ site }: Rig, name = "stable") => {
  const found = await findChannel(site.store, name);
  return { version: found?.version, expires: Date.parse(found?.body.expires ?? "") };
};

test("sync renews latest once less than half of its time is left, also where nothing is new", async () => {
  const made = await synced();
  assert.deepEqual(await state(made, LATEST), { version: 1, expires: START + 30 * DAY });
  made.now += 15 * DAY;
  assert.ok((await made.sync()).result === "unchanged");
  assert.equal((await state(made, LATEST)).version, 1, "half of it is left");
  made.now += 1;
  await made.sync();
  assert.deepEqual(await state(made, LATEST), { version: 2, expires: made.now + 30 * DAY });
});

test("a promotion sets the expiry; one that changes nothing renews it, when it is due", async () => {
  const made = await synced();
  await promote(made);
  made.now += 10 * DAY;
  await promote(made);
  assert.deepEqual(await state(made), { version: 1, expires: START + 30 * DAY });
  made.now += 10 * DAY;
  await promote(made);
  assert.deepEqual(await state(made), { version: 2, expires: START + 50 * DAY });
  publish(made.upstream, made.now, { a: "b" });
  await made.sync();
  await promote(made);
  assert.equal((await state(made)).version, 3);
  made.now += DAY;
  await commitMove(made.site, await planRollback(made.site.store, () => listing, "stable", []));
  assert.deepEqual(await state(made), { version: 4, expires: made.now + 30 * DAY });
});

test("listings tell of the expiry, and of a channel that is past it", async () => {
  const made = await synced();
  await promote(made);
  const { channels } = await listMirrors(made.site.store, []);
  const expires = new Date(START + 30 * DAY).toISOString();
  assert.deepEqual(
    channels.map((one) => [one.channel, one.version, one.expires]),
    [
      [LATEST, 1, expires],
      ["stable", 1, expires],
    ],
  );
  const [, stable] = channels;
  assert.ok(stable !== undefined);
  assert.equal(expiredNotice(stable, START + 30 * DAY - 1), undefined);
  assert.match(expiredNotice(stable, START + 30 * DAY) ?? "", /'stable' has not been renewed .* 2026-12-21/);
  assert.equal((await showSnapshot(made.site.store, "toy", "stable")).expires["stable"], expires);
});
