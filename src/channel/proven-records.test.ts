import assert from "node:assert/strict";
import { test } from "node:test";
import { listing, publish, rig, type Rig } from "../sync/rig.test-helper.ts";
import { collectGarbage } from "./gc.ts";
import { commitMove, planPromote, planRollback } from "./moves.ts";
import { setPin } from "./pin.ts";

const DAY = 86_400_000;
const find = (): typeof listing => listing;

/** Three states; `stable` had the first, then the third, then the second. */
async function site(): Promise<{ made: Rig; ids: string[] }> {
  const made = rig();
  const ids: string[] = [];
  for (const version of ["one", "two", "three"]) {
    publish(made.upstream, made.now - 1000, { a: version });
    const outcome = await made.sync();
    assert.ok(outcome.result === "updated");
    ids.push(outcome.snapshot);
    made.now += DAY;
  }
  for (const at of [0, 2, 1]) {
    await commitMove(made.site, await planPromote(made.site.store, find, `toy@${ids[at]}`, "stable", []));
    made.now += DAY;
  }
  return { made, ids };
}

/** Runs with one version of a record altered, in a way that only its signature tells. */
async function altered(
  made: Rig,
  name: string,
  version: number,
  action: () => Promise<unknown>,
): Promise<void> {
  const { store } = made.site;
  const real = store.readRef;
  store.readRef = async (ref, number) => {
    const bytes = await real(ref, number);
    return ref === name && number === version
      ? Buffer.from(String(bytes).replace('"by": "test"', '"by": "best"').replace("signed", "forged"))
      : bytes;
  };
  const before = await state(made);
  try {
    await assert.rejects(action, {
      code: "ref_corrupt",
      message: `refs/${name}/${version}.json is damaged or was altered: restore it from a backup.`,
    });
  } finally {
    store.readRef = real;
  }
  assert.deepEqual(await state(made), before, "no record was written");
}

async function state({ site: { store } }: Rig): Promise<unknown> {
  const names = await store.listRefs("");
  return Promise.all(names.map(async (name) => [name, (await store.refVersions(name)).length]));
}

test("no move rests on an altered record: of the channel, of the one that it takes from, of a snapshot, of an older state", async () => {
  const { made, ids } = await site();
  const { store } = made.site;
  const promote = async (from: string) =>
    commitMove(made.site, await planPromote(store, find, from, "stable", []));
  const rollback = async () => commitMove(made.site, await planRollback(store, find, "stable", []));
  await altered(made, "channels/stable", 3, async () => promote("latest"));
  await altered(made, "channels/latest", 3, async () => promote("latest"));
  await altered(made, "channels/latest", 3, async () => promote("toy@latest"));
  await altered(made, `snapshots/toy/${ids[2]}`, 1, async () => promote("latest"));
  await altered(made, "channels/stable", 2, rollback);
  await altered(made, `snapshots/toy/${ids[2]}`, 1, rollback);
  await altered(made, `snapshots/toy/${ids[0]}`, 1, async () => setPin(made.site, `toy@${ids[0]}`, "why"));
  await rollback();
});

test("no sync goes on from an altered record of the last snapshot", async () => {
  const { made, ids } = await site();
  publish(made.upstream, made.now - 1000, { a: "four" });
  await altered(made, `snapshots/toy/${ids[2]}`, 1, async () => made.sync());
  assert.equal((await made.sync()).result, "updated");
});

test("gc deletes nothing on the word of an altered record", async () => {
  const { made, ids } = await site();
  const gc = async () => collectGarbage(made.site, new Map([["toy", { last: 1 }]]), false);
  for (const id of ids) await altered(made, `snapshots/toy/${id}`, 1, gc);
  await altered(made, "channels/stable", 3, gc);
  await altered(made, "channels/latest", 3, gc);
  await altered(made, "channels/stable", 1, gc);
  made.now += 9 * DAY;
  assert.deepEqual((await gc()).removed, [`toy@${ids[0]}`]);
});
