import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { channelHistory } from "../channel/channels.ts";
import { graceSnapshots } from "../channel/grace.ts";
import { listMirrors, showSnapshot } from "../channel/list.ts";
import { publish, rig, START } from "../sync/rig.test-helper.ts";
import { findSnapshot } from "./snapshots.ts";

test("no flipped bit makes a record something that crashes whoever reads it, or another record", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "a" }, { validUntil: START + 86_400_000 });
  const outcome = await made.sync();
  assert.ok(outcome.result === "updated");
  const { store } = made.site;
  const id = outcome.snapshot;
  const real = store.readRef;
  for (const name of await store.listRefs("")) {
    const bytes = (await real(name, 1)) ?? Buffer.alloc(0);
    let refused = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      store.readRef = async (ref, version) => (ref === name ? flipped : real(ref, version));
      try {
        const snapshot = await findSnapshot(store, "toy", id);
        assert.deepEqual([snapshot?.body.mirror, snapshot?.body.id], ["toy", id]);
        graceSnapshots(await channelHistory(store, "latest"), "toy", START, 0, () => snapshot?.body);
        await listMirrors(store, []);
        await showSnapshot(store, "toy", id);
      } catch (error) {
        assert.ok(error instanceof SluiceError, `bit ${bit} of ${name}: ${String(error)}`);
        refused++;
      }
    }
    store.readRef = real;
    assert.ok(refused > bytes.length, "not all flips are taken");
  }
});
