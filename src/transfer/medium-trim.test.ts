import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMove, planPromote } from "../channel/moves.ts";
import { readIdentityRow } from "../channel/identity-row.ts";
import { setPin } from "../channel/pin.ts";
import type { Site } from "../channel/site.ts";
import { amendSnapshot, listSnapshots, readSnapshot } from "../snapshot/snapshots.ts";
import { memoryStore, type MemoryStore } from "../store/memory.ts";
import { listing } from "../sync/rig.test-helper.ts";
import { loadCargo, type Selection } from "./cargo.ts";
import { collectMedium, surplus, trim } from "./medium-trim.ts";
import { mediumDiff, mediumState } from "./medium-state.ts";
import { lackingBlobs, lackingRecords, sendBlobs, sendRecords, sendRefs } from "./send.ts";
import { goOn, siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";
import { storeSource } from "./store-source.ts";

const signal = new AbortController().signal;

/** Brings a medium up to date, as an export does. */
async function carry({ site }: SiteRig, medium: MemoryStore, selection: Selection): Promise<void> {
  const cargo = await loadCargo(site.store, (await readIdentityRow(site.store))?.id ?? "", selection);
  const session = await medium.begin();
  const lacking = await lackingBlobs(site.store, medium, cargo);
  await sendBlobs(storeSource(site.store, "medium", "it"), session, lacking, {
    signal,
    onBlob: () => undefined,
  });
  await sendRecords(site.store, session, await lackingRecords(medium, cargo));
  await session.end();
  await sendRefs(site.store, medium, cargo.refs, (ref) => ref);
}

const stable: Selection = { channels: ["stable"] };

/** A medium that was brought three states, one after the other. */
async function three(): Promise<{
  outer: SiteRig;
  medium: MemoryStore;
  ids: string[];
  upkeep: (keep?: number) => { site: Site; keep: number | undefined };
}> {
  const outer = await siteRig();
  const medium = memoryStore();
  const ids: string[] = [];
  for (const content of ["one", "two", "three"]) {
    ids.push(await goOn(outer, { a: content, b: "b" }));
    await carry(outer, medium, stable);
  }
  return { outer, medium, ids, upkeep: (keep) => ({ site: { ...outer.site, store: medium }, keep }) };
}

const held = async (store: MemoryStore): Promise<string[]> =>
  (await listSnapshots(store, "toy")).map(({ body }) => body.id);

async function sound(medium: MemoryStore): Promise<void> {
  const { faults } = await mediumState(medium, "/tmp", { deep: true, signal });
  assert.deepEqual(faults, []);
}

test("older snapshots go, with the files that only they had; what is left is whole and can be imported", async () => {
  const { outer, medium, ids, upkeep } = await three();
  assert.deepEqual(await held(medium), ids);
  const before = medium.blobs.size;
  const done = await trim(upkeep(2));
  assert.deepEqual(done.removed, [`toy@${ids[0]}`]);
  assert.equal(done.files, 4, "file, root, index and manifest");
  assert.equal(medium.blobs.size, before - 4);
  assert.deepEqual(await held(medium), ids.slice(1));
  await sound(medium);
  assert.deepEqual((await trim(upkeep(2))).removed, []);
  const inner = await siteRig();
  await trusts(inner, outer);
  assert.deepEqual((await takes(inner, storeSource(medium, "medium", "it"))).snapshots, [`toy@${ids[2]}`]);
});

test("what a channel of the medium holds stays, and what is pinned; without a number nothing goes", async () => {
  const { outer, medium, ids, upkeep } = await three();
  assert.deepEqual(await surplus(upkeep()), []);
  await commitMove(
    outer.site,
    await planPromote(outer.site.store, () => listing, `toy@${ids[0]}`, "old", []),
  );
  await setPin(outer.site, `toy@${ids[1]}`, "for ever");
  const snapshots = [{ mirror: "toy", id: ids[1] ?? "" }];
  await carry(outer, medium, { channels: ["old"], snapshots });
  assert.deepEqual((await trim(upkeep(1))).removed, []);
  assert.deepEqual(await held(medium), ids);
});

test("what is on its way counts as there, and its files stay", async () => {
  const { outer, medium, ids, upkeep } = await three();
  const next = await goOn(outer, { a: "four", b: "one" });
  const cargo = await loadCargo(outer.site.store, "x", stable);
  const done = await trim(upkeep(2), { store: outer.site.store, cargo });
  assert.deepEqual(done.removed, [`toy@${ids[0]}`, `toy@${ids[1]}`]);
  assert.equal(done.files, 7, "'one' is wanted again");
  await carry(outer, medium, stable);
  assert.deepEqual(await held(medium), [ids[2], next]);
  await sound(medium);
});

test("gc takes what a stopped export left; a dry run takes nothing; a damaged record stops it", async () => {
  const { outer, medium, ids } = await three();
  const session = await medium.begin();
  await session.putBlob(Buffer.from("left"), { digests: {} });
  await session.end();
  const { size } = medium.blobs;
  const planned = await collectMedium(outer.site, medium, "/medium", { keep: 1, dryRun: true });
  assert.equal(medium.blobs.size, size);
  const done = await collectMedium(outer.site, medium, "/medium", { keep: 1, dryRun: false });
  assert.deepEqual(done, planned);
  assert.deepEqual([done.removed.length, done.files], [2, 9]);
  assert.deepEqual(await held(medium), [ids[2]]);
  const other = await siteRig();
  await goOn(other, { a: "a" });
  await assert.rejects(collectMedium(other.site, medium, "/medium", { keep: 1, dryRun: false }), {
    code: "medium_unsuitable",
  });
  const versions = medium.refs.get("channels/stable");
  versions?.set(3, Buffer.from(String(versions.get(3)).replaceAll(ids[2] ?? "", ids[0] ?? "")));
  await assert.rejects(collectMedium(outer.site, medium, "/medium", { keep: 1, dryRun: false }), {
    code: "ref_corrupt",
  });
});

test("a middle site's medium gives up the first sender's record with its own", async () => {
  const { outer, ids } = await three();
  const middle = await siteRig();
  await trusts(middle, outer);
  await takes(middle, sourceOf(outer), { selection: stable });
  const medium = memoryStore();
  await carry(middle, medium, stable);
  const next = await goOn(outer, { a: "four" });
  await takes(middle, sourceOf(outer), { selection: stable });
  await carry(middle, medium, stable);
  await trim({ site: { ...middle.site, store: medium }, keep: 1 });
  const names = (await medium.listRefs("")).filter((name) => /snapshots\/toy/.test(name));
  assert.equal(names.length, 2);
  for (const name of names) assert.ok(name.endsWith(next), `${name}, not ${ids[2]}`);
  await sound(medium);
});

test("status names what is damaged, diff what is lacking", async () => {
  const { outer, medium, ids } = await three();
  const state = await mediumState(medium, "/tmp", { deep: false, signal });
  assert.equal(state.site, (await outer.site.author()).fingerprint);
  assert.deepEqual(
    state.snapshots.map(({ id, channels }) => [id, channels]),
    [
      [ids[0], []],
      [ids[1], []],
      [ids[2], ["stable"]],
    ],
  );
  const next = await goOn(outer, { a: "four", b: "b" });
  const diff = await mediumDiff(outer.site.store, medium, "/tmp", stable);
  assert.deepEqual(diff.channels, [{ channel: "stable", here: 4, medium: 3 }]);
  assert.deepEqual([diff.coming, diff.files], [[`toy@${next}`], 3]);
  assert.deepEqual(
    diff.only,
    ids.map((id) => `toy@${id}`),
  );
  const [, blob] = [...medium.blobs].find(([, { bytes }]) => String(bytes) === "two") ?? [];
  blob?.bytes.write("Two");
  assert.deepEqual((await mediumState(medium, "/tmp", { deep: false, signal })).faults, []);
  const deep = await mediumState(medium, "/tmp", { deep: true, signal });
  assert.match(deep.faults.join("\n"), new RegExp(`^toy@${ids[1]}: 'a' is missing or bad`));
  const versions = medium.refs.get("channels/stable");
  versions?.set(2, Buffer.from(String(versions.get(2)).replace("root@test", "root@tesu")));
  const { faults } = await mediumState(medium, "/tmp", { deep: false, signal });
  assert.match(faults.join("\n"), /refs\/channels\/stable\/2\.json: its signature/);
});

test("status misses a key file as well: without it nothing could be proven on the other side", async () => {
  const { outer, medium, ids } = await three();
  const { store } = outer.site;
  const session = await store.begin();
  const { sha256 } = await session.putBlob(Buffer.from("a key"), { digests: {} });
  await session.end();
  const snapshot = await readSnapshot(store, "toy", ids[2] ?? "");
  const keyrings = [{ name: "vendor.asc", sha256 }];
  const body = { ...snapshot.body, trust: { kind: "keys" as const, keyrings, pinned: [], allowWeak: [] } };
  await amendSnapshot(store, await outer.site.author(), snapshot, { body, why: "test", at: outer.now });
  await carry(outer, medium, stable);
  await sound(medium);
  assert.ok(medium.blobs.delete(sha256));
  const { faults } = await mediumState(medium, "/tmp", { deep: false, signal });
  assert.match(faults.join("\n"), /'vendor\.asc' is missing or bad/);
});
