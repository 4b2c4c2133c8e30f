import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMove, planPromote } from "../channel/moves.ts";
import { findSnapshot } from "../snapshot/snapshots.ts";
import { listing, publish } from "../sync/rig.test-helper.ts";
import { assumedOf } from "./bundle/assume.ts";
import { writeImport, lastImport } from "./import-record.ts";
import { acknowledged } from "./receipt-check.ts";
import { makeReceipt, receiptSenders } from "./receipt-make.ts";
import { goOn, siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";

async function pair(): Promise<{ outer: SiteRig; inner: SiteRig; id: string; sender: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, { a: "a one", b: "b" });
  await trusts(inner, outer);
  await trusts(outer, inner);
  await takes(inner, sourceOf(outer));
  return { outer, inner, id, sender: (await outer.site.author()).fingerprint };
}

test("a receipt says what is held, and the sender leaves just that out", async () => {
  const { outer, inner, id, sender } = await pair();
  assert.deepEqual(await receiptSenders(inner.site, sender.slice(0, 8).toLowerCase()), [sender]);
  const { text } = await makeReceipt(inner.site, sender);
  await goOn(outer, { a: "a two", b: "b" });
  const told = await acknowledged(outer.site, text);
  assert.deepEqual(told.snapshots, [`toy@${id}`]);
  assert.deepEqual(
    told.receipt.channels.map(({ name, version }) => [name, version]),
    [
      ["latest", 1],
      ["stable", 1],
    ],
  );
  const { store } = outer.site;
  const { snapshots, bundles } = told;
  const assumed = await assumedOf(store, "any", { kind: "snapshots", snapshots, bundles });
  assert.equal(assumed.blobs.size, 4);
});

test("what was not imported, or went bad since, is not said to be held", async () => {
  const { outer, inner, id, sender } = await pair();
  publish(outer.upstream, outer.now, { z: "z" });
  await outer.sync({ mirror: { ...outer.mirror, name: "second" } });
  await commitMove(outer.site, await planPromote(outer.site.store, () => listing, "latest", "stable", []));
  await takes(inner, sourceOf(outer), { selection: { mirrors: ["toy"] } });
  const { receipt, text } = await makeReceipt(inner.site, sender);
  assert.deepEqual(
    receipt.channels.map(({ only }) => only),
    [["toy"], ["toy"]],
  );
  assert.deepEqual((await acknowledged(outer.site, text)).snapshots, [`toy@${id}`]);
  const [bad = ""] = [...inner.site.store.blobs].find(([, { bytes }]) => String(bytes) === "b") ?? [];
  await inner.site.store.quarantine(bad);
  assert.deepEqual((await makeReceipt(inner.site, sender)).receipt.channels, []);
});

test("it tells which bundles never came", async () => {
  const { outer, inner, sender } = await pair();
  const before = await lastImport(inner.site.store, sender);
  assert.ok(before !== undefined);
  await writeImport(inner.site, { ...before, bundles: [1, 2, 5, 9] });
  const { receipt, text } = await makeReceipt(inner.site, sender);
  assert.deepEqual([receipt.bundle, receipt.missing], [9, ["3-4", "6-8"]]);
  assert.deepEqual((await acknowledged(outer.site, text)).bundles, [1, 2, 5, 9]);
});

test("strangers, receipts for others, altered ones and unknown versions are refused", async () => {
  const { outer, inner, sender, id } = await pair();
  const { text } = await makeReceipt(inner.site, sender);
  const refuses = async (made: SiteRig, what: string, why: RegExp): Promise<void> => {
    await assert.rejects(acknowledged(made.site, what), { code: "receipt_invalid", message: why });
  };
  const other = await siteRig();
  await goOn(other, { a: "a" });
  await refuses(other, text, /not for this one/);
  const without = text.split("\n").filter((line) => !line.startsWith("channel latest"));
  await refuses(outer, without.join("\n"), /signature does not match/);
  await trusts(other, outer);
  await takes(other, sourceOf(outer), { as: new Map([["toy", "more"]]) });
  await refuses(outer, (await makeReceipt(other.site, sender)).text, /which this site does not trust/);
  assert.ok((await findSnapshot(outer.site.store, "toy", id)) !== undefined);
  const versions = outer.site.store.refs.get("channels/stable");
  versions?.set(1, Buffer.from(String(versions.get(1)).replace("root@test", "root@then")));
  await refuses(outer, text, /no version 1 of the channel 'stable' with the digits/);
  outer.site.store.refs.delete("channels/stable");
  await refuses(outer, text, /no version 1 of the channel 'stable'/);
});
