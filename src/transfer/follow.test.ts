import assert from "node:assert/strict";
import { test } from "node:test";
import { findChannel } from "../channel/channels.ts";
import { commitMove, planPromote, planRollback } from "../channel/moves.ts";
import { listing, publish } from "../sync/rig.test-helper.ts";
import { goOn, siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";

const DAY = 86_400_000;

async function pair(): Promise<{ outer: SiteRig; inner: SiteRig; id: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, { a: "a one", b: "b" });
  await trusts(inner, outer);
  return { outer, inner, id };
}

async function promote({ site }: SiteRig, from: string, to: string): Promise<void> {
  await commitMove(site, await planPromote(site.store, () => listing, from, to, []));
}

const channel = async ({ site }: SiteRig, name = "stable") => (await findChannel(site.store, name))?.body;

/** Another mirror of the same upstream. */
async function second(made: SiteRig): Promise<void> {
  publish(made.upstream, made.now, { z: "z" });
  await made.sync({ mirror: { ...made.mirror, name: "second" } });
}

test("the expiry is the sender's, however late it is imported, and a promotion here does not make it later", async () => {
  const { outer, inner } = await pair();
  const said = (await channel(outer))?.expires;
  inner.now = outer.now + 20 * DAY;
  assert.deepEqual((await takes(inner, sourceOf(outer))).notices, []);
  assert.equal((await channel(inner))?.expires, said);
  await promote(inner, "stable", "prod");
  assert.equal((await channel(inner, "prod"))?.expires, said);
  inner.now += 11 * DAY;
  const { result, notices } = await takes(inner, sourceOf(outer));
  assert.equal(result, "unchanged");
  assert.match(notices.join(), /The sender's channel 'latest' expired on .*'stable' expired on 2026-12-22/);
});

test("a sender's renewal is followed, and leaves what was moved here where it is", async () => {
  const { outer, inner, id } = await pair();
  await takes(inner, sourceOf(outer));
  await goOn(outer, { a: "a two" });
  await takes(inner, sourceOf(outer));
  await commitMove(inner.site, await planRollback(inner.site.store, () => listing, "stable", []));
  assert.deepEqual((await channel(inner))?.mirrors, { toy: id });
  outer.now += 20 * DAY;
  await promote(outer, "latest", "stable");
  const done = await takes(inner, sourceOf(outer));
  assert.deepEqual((await channel(inner))?.mirrors, { toy: id });
  assert.equal((await channel(inner))?.expires, (await channel(outer))?.expires);
  assert.deepEqual(
    done.channels.map(({ channel: name, mirrors }) => [name, mirrors]),
    [["stable", {}]],
  );
});

test("a channel that follows two senders is as fresh as the one that is silent", async () => {
  const { outer, inner } = await pair();
  const other = await siteRig();
  await trusts(inner, other);
  other.now += 5 * DAY;
  await goOn(other, { c: "c" });
  const as = new Map([["toy", "other"]]);
  await takes(inner, sourceOf(outer));
  await takes(inner, sourceOf(other), { as });
  assert.equal((await channel(inner))?.expires, (await channel(outer))?.expires);
  outer.now += 20 * DAY;
  await promote(outer, "latest", "stable");
  await takes(inner, sourceOf(outer));
  assert.equal((await channel(inner))?.expires, (await channel(other))?.expires);
});

test("a mirror that left the sender's channel stays here, and is told of once", async () => {
  const { outer, inner, id } = await pair();
  await second(outer);
  await promote(outer, "latest", "stable");
  await takes(inner, sourceOf(outer));
  const both = (await channel(inner))?.mirrors;
  assert.deepEqual(Object.keys(both ?? {}), ["toy", "second"]);
  await commitMove(outer.site, await planRollback(outer.site.store, () => listing, "stable", []));
  assert.deepEqual((await channel(outer))?.mirrors, { toy: id });
  const { notices } = await takes(inner, sourceOf(outer));
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? "", /^second has left the sender's channel 'stable'; .* second@/);
  assert.deepEqual((await channel(inner))?.mirrors, both);
  outer.now += 20 * DAY;
  await commitMove(
    outer.site,
    await planPromote(outer.site.store, () => listing, "latest", "stable", ["toy"]),
  );
  const next = await takes(inner, sourceOf(outer));
  assert.deepEqual([next.result, next.notices], ["imported", []]);
  assert.deepEqual((await channel(inner))?.mirrors, both);
});

test("mirrors that were left out of an import join the channel with a later one", async () => {
  const { outer, inner } = await pair();
  await second(outer);
  await promote(outer, "latest", "stable");
  await takes(inner, sourceOf(outer), { selection: { mirrors: ["second"] } });
  assert.deepEqual(Object.keys((await channel(inner))?.mirrors ?? {}), ["second"]);
  await takes(inner, sourceOf(outer));
  assert.deepEqual((await channel(inner))?.mirrors, { ...(await channel(outer))?.mirrors });
  assert.equal((await takes(inner, sourceOf(outer))).result, "unchanged");
});
