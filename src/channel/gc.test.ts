import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { latestRef } from "../store/refs.ts";
import { publish, rig } from "../sync/rig.test-helper.ts";
import { collectGarbage, type GcResult } from "./gc.ts";
import { setPin } from "./pin.ts";

test("a list of the condemned that is lost or has changed only makes all wait anew", async () => {
  for (const fault of ["lost", "changed"]) {
    const made = rig();
    const { store, graceMs } = made.site;
    publish(made.upstream, made.now - 1000, { a: "a" });
    await made.sync();
    const session = await store.begin();
    const { sha256 } = await session.putBlob(Buffer.from("nothing needs this"), { digests: {} });
    await session.end();
    const gc = async (): Promise<GcResult> => collectGarbage(made.site, new Map(), false);
    made.now += graceMs;
    assert.deepEqual([(await gc()).condemnedBlobs, (await gc()).deletedBlobs], [1, 0]);
    const { list = "" } = (await latestRef<{ list: string }>(store, "gc/condemned"))?.body ?? {};
    if (fault === "lost") store.blobs.delete(list);
    else store.blobs.get(list)?.bytes.write("x");
    made.now += graceMs;
    assert.equal((await gc()).deletedBlobs, 0, fault);
    assert.ok(store.blobs.has(sha256));
    made.now += graceMs;
    assert.equal((await gc()).deletedBlobs, 1, fault);
    assert.equal(store.blobs.has(sha256), false);
    assert.deepEqual(await store.quarantined(), []);
  }
});

test("on a disk without room for the list, as many are condemned as it has room for", async () => {
  const made = rig();
  const { store, graceMs } = made.site;
  const session = await store.begin();
  for (let nth = 0; nth < 2500; nth++) await session.putBlob(Buffer.from(`garbage ${nth}`), { digests: {} });
  await session.end();
  made.now += graceMs;
  const small = (most: number): typeof made.site => ({
    ...made.site,
    store: {
      ...store,
      async begin() {
        const session = await store.begin();
        const putBlob: typeof session.putBlob = async (bytes, expect) => {
          if (bytes.length > most) throw new SluiceError("disk_full", "There is no room.");
          return session.putBlob(bytes, expect);
        };
        return { ...session, putBlob };
      },
    },
  });
  const gc = async (most: number): Promise<number> =>
    (await collectGarbage(small(most), new Map(), false)).condemnedBlobs;
  assert.equal(await gc(100_000), 625);
  assert.equal(await gc(1_000_000), 2500);
  made.now += graceMs;
  assert.equal((await collectGarbage(made.site, new Map(), false)).deletedBlobs, 2500);
  await assert.rejects(gc(1), { code: "disk_full" });
});

test("a snapshot that is pinned while gc runs stays, and gc goes on", async () => {
  const made = rig();
  const ids: string[] = [];
  for (const version of ["one", "two", "three"]) {
    publish(made.upstream, made.now - 1000, { a: version });
    const outcome = await made.sync();
    assert.ok(outcome.result === "updated");
    ids.push(outcome.snapshot);
    made.now += 2 * made.site.graceMs;
  }
  let pinned = false;
  const author: typeof made.site.author = async () => {
    if (!pinned) {
      pinned = true;
      await setPin(made.site, `toy@${ids[0]}`, "needed");
    }
    return made.site.author();
  };
  const { removed } = await collectGarbage({ ...made.site, author }, new Map([["toy", { last: 1 }]]), false);
  assert.deepEqual(removed, [`toy@${ids[1]}`]);
});
