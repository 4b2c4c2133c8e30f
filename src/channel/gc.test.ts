import assert from "node:assert/strict";
import { test } from "node:test";
import { latestRef } from "../store/refs.ts";
import { publish, rig } from "../sync/rig.test-helper.ts";
import { collectGarbage, type GcResult } from "./gc.ts";

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
