import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { channelHistory } from "../channel/channels.ts";
import { graceSnapshots } from "../channel/grace.ts";
import { listMirrors, showSnapshot } from "../channel/list.ts";
import { publish, rig, START } from "../sync/rig.test-helper.ts";
import { checkShape } from "./record-shape.ts";
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

test("a record that was altered names no time that there is not, and nobody in another form", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "a" }, { validUntil: START + 86_400_000 });
  const outcome = await made.sync();
  assert.ok(outcome.result === "updated");
  const snapshot = await findSnapshot(made.site.store, "toy", outcome.snapshot);
  assert.ok(snapshot !== undefined);
  const { body } = snapshot;
  const signer = { fingerprint: "AB", userId: "x", signedAt: 0, weak: [] };
  const claim = { root: "r", signers: [signer], date: 1, validUntil: 2, names: [], weak: [] };
  const hole = { path: "p", name: "n", version: "1", arch: "all" };
  const origin = { site: "AB", mirror: "m", record: "0".repeat(64) };
  const whole = { ...body, claims: [claim], holes: [hole], origin };
  assert.equal(checkShape({ ...snapshot, body: whole }).body, whole);
  const claims: readonly object[] = [
    { ...claim, date: 1e300 },
    { ...claim, validUntil: 8.64e15 + 1 },
    ...[
      { signedAt: 1e300 },
      { signedAt: "x" },
      { userId: 1 },
      { weak: undefined },
      { expires: {} },
      { revoked: -1e300 },
    ].map((change) => ({ ...claim, signers: [{ ...signer, ...change }] })),
  ];
  const bodies: readonly object[] = [
    ...claims.map((one) => ({ ...whole, claims: [one] })),
    { ...whole, holes: [{ ...hole, name: 1 }] },
    { ...whole, origin: { ...origin, site: {} } },
    { ...whole, origin: "x" },
  ];
  for (const one of bodies)
    assert.throws(() => checkShape({ ...snapshot, body: one }), { code: "ref_corrupt" }, JSON.stringify(one));
});

test("what a site has written of imports, exports, keys and gc is held to its form too", () => {
  const version = {
    format: 1,
    version: 1,
    previous: null,
    at: "",
    by: "",
    site: "",
    why: "",
    sha256: "",
  } as const;
  const sound: Readonly<Record<string, object>> = {
    "imports/AB": {
      site: "AB",
      from: { kind: "bundle", name: "x", bundles: [1] },
      channels: { stable: 1 },
      mirrors: { a: "b" },
      snapshots: ["a@b"],
      files: 1,
      bytes: 1,
      bundles: [1],
    },
    "exports/any": {
      to: { kind: "bundle", name: "x" },
      channels: { stable: 1 },
      snapshots: ["a@b"],
      files: 1,
      bytes: 1,
      bundle: { number: 1, id: "x", base: [] },
    },
    "gc/condemned": { list: "0".repeat(64) },
    "keys/AB": { fingerprint: "AB", key: "-----BEGIN", state: "trusted" },
  };
  for (const [ref, body] of Object.entries(sound)) {
    assert.equal(checkShape({ ...version, ref, body }).body, body);
    for (const key of Object.keys(body)) {
      const altered = { ...version, ref, body: { ...body, [key]: null } };
      assert.throws(() => checkShape(altered), { code: "ref_corrupt" }, `${ref} ${key}`);
    }
  }
});
