import assert from "node:assert/strict";
import { test } from "node:test";
import { findChannel } from "../channel/channels.ts";
import { IDENTITY, type IdentityRecord } from "../channel/identity-row.ts";
import { revokeOwnKey } from "../channel/rotate.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, readRef, type Author } from "../store/refs.ts";
import { decideKey } from "./known-sites.ts";
import {
  copyOf,
  goOn,
  rotates,
  siteRig,
  sourceOf,
  takes,
  trusts,
  type SiteRig,
} from "./sites.test-helper.ts";
import { storeSource } from "./store-source.ts";
import type { Source } from "./contract.ts";

async function pair(): Promise<{ outer: SiteRig; inner: SiteRig; id: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, { a: "a one" });
  await trusts(inner, outer);
  await takes(inner, sourceOf(outer));
  return { outer, inner, id };
}

const shows = (store: ReadStore): Source => storeSource(store, "medium", "the medium");

const stable = async ({ site }: SiteRig): Promise<string | undefined> =>
  (await findChannel(site.store, "stable"))?.body.mirrors["toy"];

async function keyOf({ site }: SiteRig, version: number): Promise<string> {
  return (await readRef<IdentityRecord>(site.store, IDENTITY, version)).body.key;
}

/** The site has another key, and says that the one before counts no more. */
async function revokes(outer: SiteRig): Promise<Author> {
  outer.now += 1000;
  const old = await rotates(outer);
  await revokeOwnKey(outer.site, old.fingerprint, "stolen");
  return old;
}

test("a row of keys that leaves out a revocation known here is a replay", async () => {
  const { outer, inner } = await pair();
  const second = await goOn(outer, { a: "a two" });
  const before = copyOf(outer);
  await revokes(outer);
  await takes(inner, sourceOf(outer));
  const old = shows(before);
  await assert.rejects(takes(inner, old), { code: "replayed", message: /row of keys .* is older/ });
  await takes(inner, sourceOf(outer));
  assert.equal(await stable(inner), second);
});

test("what was made before a key was changed, and not revoked, may still come after it", async () => {
  const { outer, inner } = await pair();
  const before = copyOf(outer);
  await appendRef(before, await outer.site.author(), "channels/late", undefined, {
    body: { channel: "late", mirrors: {} },
    why: "test",
    at: outer.now,
  });
  await rotates(outer);
  await rotates(outer);
  await takes(inner, sourceOf(outer));
  assert.equal((await takes(inner, shows(before))).result, "imported");
  const third = await goOn(outer, { a: "a three" });
  await takes(inner, sourceOf(outer));
  assert.equal(await stable(inner), third);
});

test("a row of keys that goes another way than the one known here is refused before anything is taken", async () => {
  const { outer, inner } = await pair();
  const thief = { ...outer, site: { ...outer.site, store: copyOf(outer) } };
  await rotates(outer);
  await takes(inner, sourceOf(outer));
  await rotates(thief);
  await rotates(thief);
  await assert.rejects(takes(inner, sourceOf(thief), { dryRun: true }), { code: "replayed" });
});

test("a key that was revoked here brings in no other one, unless that one is trusted here itself", async () => {
  const { outer, inner } = await pair();
  const refuses = async (): Promise<void> => {
    const thrown = { code: "sender_untrusted", message: /no longer trusted here/ };
    await assert.rejects(takes(inner, sourceOf(outer)), thrown);
  };
  await rotates(outer);
  await takes(inner, sourceOf(outer));
  await rotates(outer);
  await decideKey(inner.site, await keyOf(outer, 2), "trusted", "test");
  await decideKey(inner.site, await keyOf(outer, 2), "revoked", "stolen");
  await refuses();
  await decideKey(inner.site, await keyOf(outer, 3), "trusted", "compared");
  const last = await goOn(outer, { a: "a two" });
  await takes(inner, sourceOf(outer));
  assert.equal(await stable(inner), last);
  await decideKey(inner.site, await keyOf(outer, 3), "revoked", "stolen too");
  await rotates(outer);
  await refuses();
});

test("a revoked key goes on from nothing that a later one has signed, whatever the date says", async () => {
  const { outer, inner, id } = await pair();
  const early = outer.now;
  const thief = await revokes(outer);
  const second = await goOn(outer, { a: "a two" });
  await takes(inner, sourceOf(outer));
  const copy = copyOf(outer);
  const last = await findChannel(copy, "stable");
  assert.ok(last !== undefined);
  const body = { ...last.body, mirrors: { toy: id } };
  await appendRef(copy, thief, "channels/stable", last, { body, why: "test", at: early });
  await assert.rejects(takes(inner, shows(copy)), { code: "sender_forged", message: /revoked/ });
  assert.equal(await stable(inner), second);
  const newcomer = await siteRig();
  await decideKey(newcomer.site, await keyOf(outer, 2), "trusted", "test");
  assert.equal((await takes(newcomer, sourceOf(outer))).result, "imported");
});
