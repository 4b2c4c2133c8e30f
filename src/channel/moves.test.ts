import assert from "node:assert/strict";
import { test } from "node:test";
import type { Claim, Ecosystem } from "../ecosystems/contract.ts";
import { checkRef } from "../store/refs.ts";
import { listing, publish, rig, START, type Rig } from "../sync/rig.test-helper.ts";
import { auditRefs } from "./audit.ts";
import { channelHistory, findChannel } from "./channels.ts";
import { commitMove, planPromote, planRollback, type Move } from "./moves.ts";
import { dropSnapshot, setPin } from "./pin.ts";

const DAY = 86_400_000;
const ecosystem: Ecosystem = {
  ...listing,
  movingBack: (from: readonly Claim[], to: readonly Claim[]) =>
    (to[0]?.date ?? 0) < (from[0]?.date ?? 0) ? "clients keep their newer lists" : undefined,
};
const find = (id: string): Ecosystem | undefined => (id === "listing" ? ecosystem : undefined);

async function states(count: number): Promise<{ made: Rig; ids: string[] }> {
  const made = rig();
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    publish(made.upstream, START + n * DAY, { a: `v${n}` });
    const outcome = await made.sync();
    assert.ok(outcome.result === "updated");
    ids.push(outcome.snapshot);
    made.now += DAY;
  }
  return { made, ids };
}

async function promote(made: Rig, from: string, to: string, ...mirrors: string[]): Promise<Move> {
  const move = await planPromote(made.site.store, find, from, to, mirrors);
  await commitMove(made.site, move);
  return move;
}

async function rollback(made: Rig, channel: string, ...mirrors: string[]): Promise<Move> {
  const move = await planRollback(made.site.store, find, channel, mirrors);
  await commitMove(made.site, move);
  return move;
}

async function held(made: Rig, channel: string): Promise<string | undefined> {
  return (await findChannel(made.site.store, channel))?.body.mirrors["toy"];
}

test("a snapshot that is given up between the plan of a move and its commit is told as what it is", async () => {
  const { made, ids } = await states(2);
  const move = await planPromote(made.site.store, find, `toy@${ids[0]}`, "stable", []);
  await dropSnapshot(made.site, `toy@${ids[0]}`);
  await assert.rejects(commitMove(made.site, move), {
    code: "ref_conflict",
    message: `Another process has just given up toy@${ids[0]}: run the command again.`,
  });
  assert.equal(await findChannel(made.site.store, "stable"), undefined);
});

test("promote takes a channel or one snapshot; promoting the same again writes nothing", async () => {
  const { made, ids } = await states(2);
  await promote(made, `toy@${ids[0]}`, "stable");
  assert.equal(await held(made, "stable"), ids[0]);
  await promote(made, "latest", "stable");
  assert.equal(await held(made, "stable"), ids[1]);
  assert.deepEqual((await promote(made, "latest", "stable")).changes, []);
  assert.equal((await channelHistory(made.site.store, "stable")).length, 2);
});

test("rollback goes one state back, and once more one further, whatever promotes of the same came between", async () => {
  const { made, ids } = await states(4);
  for (const id of [ids[0], ids[1], ids[2]]) await promote(made, `toy@${id}`, "stable");
  await rollback(made, "stable");
  assert.equal(await held(made, "stable"), ids[1]);
  await rollback(made, "stable");
  assert.equal(await held(made, "stable"), ids[0]);
  await assert.rejects(rollback(made, "stable"), { code: "nothing_to_do" });
  await promote(made, `toy@${ids[3]}`, "stable");
  await rollback(made, "stable");
  assert.equal(await held(made, "stable"), ids[0]);
});

test("moving back says what clients will do, before it is done; moving forward says nothing", async () => {
  const { made, ids } = await states(2);
  assert.deepEqual((await promote(made, `toy@${ids[0]}`, "stable")).notices, []);
  assert.deepEqual((await promote(made, `toy@${ids[1]}`, "stable")).notices, []);
  const move = await planRollback(made.site.store, find, "stable", []);
  assert.deepEqual(move.notices, ["toy: clients keep their newer lists"]);
  assert.equal(await held(made, "stable"), ids[1]);
});

test("latest is moved by sync alone; unknown names are told", async () => {
  const { made, ids } = await states(1);
  await assert.rejects(promote(made, `toy@${ids[0]}`, "latest"), { code: "channel_reserved" });
  await assert.rejects(rollback(made, "latest"), { code: "channel_reserved" });
  await assert.rejects(promote(made, "nowhere", "stable"), { code: "unknown_channel" });
  await assert.rejects(promote(made, "latest", "stable", "other"), { code: "unknown_mirror" });
  await assert.rejects(promote(made, "toy@20200101T000000Z", "stable"), { code: "unknown_snapshot" });
  await assert.rejects(promote(made, "latest", "live"), { code: "bad_name" });
});

test("two moves planned on the same state: one wins, the other is told", async () => {
  const { made, ids } = await states(2);
  const one = await planPromote(made.site.store, find, `toy@${ids[0]}`, "stable", []);
  const two = await planPromote(made.site.store, find, `toy@${ids[1]}`, "stable", []);
  await commitMove(made.site, one);
  await assert.rejects(commitMove(made.site, two), { code: "ref_conflict" });
  assert.equal(await held(made, "stable"), ids[0]);
});

test("a channel's history is a signed chain, and an altered or missing version is named", async () => {
  const { made, ids } = await states(3);
  for (const id of ids) await promote(made, `toy@${id}`, "stable");
  const { store } = made.site;
  const key = made.site.siteKey;
  assert.deepEqual(await checkRef(store, "channels/stable", key), []);
  const audit = await auditRefs(store, "channels/stable", key);
  assert.deepEqual(
    audit.lines.map((line) => line.version),
    [1, 2, 3],
  );
  const read = store.readRef.bind(store);
  store.readRef = async (name, version) => {
    const bytes = await read(name, version);
    return version === 2 && bytes ? Buffer.from(bytes.toString().replace('"at"', ' "at"')) : bytes;
  };
  assert.match(
    (await checkRef(store, "channels/stable", key)).join("\n"),
    /stable\/3\.json: does not follow/,
  );
  const versions = store.refVersions.bind(store);
  store.refVersions = async (name) => (await versions(name)).filter((version) => version !== 2);
  assert.match((await checkRef(store, "channels/stable", key)).join("\n"), /version 2 is missing/);
});

test("a snapshot that a channel holds or that is pinned cannot be removed; another can", async () => {
  const { made, ids } = await states(2);
  await assert.rejects(dropSnapshot(made.site, `toy@${ids[1]}`), { code: "snapshot_held" });
  await setPin(made.site, `toy@${ids[0]}`, "release 1");
  await assert.rejects(dropSnapshot(made.site, `toy@${ids[0]}`), { code: "snapshot_held" });
  await setPin(made.site, `toy@${ids[0]}`, undefined);
  made.now += DAY;
  assert.equal((await dropSnapshot(made.site, `toy@${ids[0]}`)).name, `toy@${ids[0]}`);
  await assert.rejects(promote(made, `toy@${ids[0]}`, "stable"), { code: "unknown_snapshot" });
});
