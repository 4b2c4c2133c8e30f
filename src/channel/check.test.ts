import assert from "node:assert/strict";
import { test } from "node:test";
import type { PruneStore } from "../store/contract.ts";
import { listing, publish, rig, type Rig } from "../sync/rig.test-helper.ts";
import { checkStore, type Checked } from "./check.ts";
import { commitMove, planPromote } from "./moves.ts";
import { dropSnapshot } from "./pin.ts";

const DAY = 86_400_000;
const find = (): typeof listing => listing;

async function twoStates(): Promise<{ made: Rig; ids: string[] }> {
  const made = rig();
  const ids: string[] = [];
  for (const version of ["one", "two"]) {
    publish(made.upstream, made.now - 1000, { a: `a ${version}`, b: "b", large: version.repeat(500_000) });
    const outcome = await made.sync();
    assert.ok(outcome.result === "updated");
    ids.push(outcome.snapshot);
    made.now += DAY;
  }
  return { made, ids };
}

async function check(made: Rig, store: PruneStore = made.site.store): Promise<Checked> {
  const site = { ...made.site, store };
  const signal = new AbortController().signal;
  return checkStore({ site, find, today: async () => undefined, emit: () => undefined, signal }, []);
}

function told(checked: Checked): string[] {
  return [...checked.snapshots.flatMap((one) => one.findings), ...checked.records].map(
    ({ code, message }) => `${code} ${message}`,
  );
}

function flip(bytes: Buffer | undefined): void {
  bytes?.writeUInt8(bytes.readUInt8(3) ^ 4, 3);
}

/** Changes one version of a record behind the store's back. */
async function alter(
  made: Rig,
  name: string,
  version: number,
  change: (text: string) => string,
): Promise<void> {
  const { store } = made.site;
  const real = store.readRef.bind(store);
  store.readRef = async (ref, number) => {
    const bytes = await real(ref, number);
    return ref === name && number === version ? Buffer.from(change(String(bytes))) : bytes;
  };
}

test("a sound store has no findings, and every record in it is checked", async () => {
  const { made, ids } = await twoStates();
  assert.deepEqual(told(await check(made)), []);
  await dropSnapshot(made.site, `toy@${ids[0]}`);
  assert.deepEqual(told(await check(made)), []);
  // Of the one that was given up too.
  for (const name of await made.site.store.listRefs("")) {
    const own = made.site.store.readRef;
    await alter(made, name, 1, (text) =>
      text.replace('"by": "test"', '"by": "tesu"').replace("signed", "sighed"),
    );
    const found = told(await check(made));
    assert.ok(
      found.some((one) => one.startsWith(`ref_corrupt refs/${name}/1.json: its signature does not match`)),
      `${name}: ${found.join("\n")}`,
    );
    made.site.store.readRef = own;
  }
});

test("a blob that no snapshot needs is checked too, and put into quarantine", async () => {
  const { made } = await twoStates();
  const { store } = made.site;
  const session = await store.begin();
  const { sha256 } = await session.putBlob(Buffer.from("left by a killed sync"), { digests: {} });
  await session.end();
  assert.deepEqual(told(await check(made)), []);
  flip(store.blobs.get(sha256)?.bytes);
  assert.deepEqual(told(await check(made)), [
    `blob_corrupt Blob ${sha256} has changed in the store; no snapshot that can be read needs it, so that \`sluice gc\` may remove it.`,
  ]);
  assert.deepEqual(await store.quarantined(), [{ sha256, back: false }]);
});

test("what is no fault of a blob does not put it into quarantine", async () => {
  const { made } = await twoStates();
  const { store } = made.site;
  for (const [code, verdict] of [
    ["EMFILE", "throws"],
    ["EACCES", "throws"],
    ["EIO", "blob_corrupt"],
  ] as const) {
    const fault = Object.assign(new Error(`${code}: it failed`), { code });
    const failing = { ...store, openBlob: async () => Promise.reject(fault) };
    if (verdict === "throws") {
      await assert.rejects(check(made, failing), fault);
      assert.deepEqual(await store.quarantined(), []);
    } else assert.match(told(await check(made, failing)).join("\n"), /^blob_corrupt toy@.*'the manifest'/);
  }
});

test("a blob that another process repairs during the run stays", async () => {
  const { made } = await twoStates();
  const { store } = made.site;
  const large = [...store.blobs].find(([, { bytes }]) => bytes.length > 1_000_000)?.[0] ?? "";
  const blob = store.blobs.get(large);
  assert.ok(blob);
  const sound = Buffer.from(blob.bytes);
  flip(blob.bytes);
  let opened = 0;
  const repairing: PruneStore = {
    ...store,
    async openBlob(sha256, range) {
      if (sha256 === large && ++opened === 2) blob.bytes.set(sound);
      return store.openBlob(sha256, range);
    },
  };
  assert.match(told(await check(made, repairing))[0] ?? "", /^blob_corrupt .*'large'/);
  assert.ok(opened >= 2);
  assert.deepEqual(await store.quarantined(), []);
});

test("a snapshot that gc gives up during the run is no fault", async () => {
  const { made, ids } = await twoStates();
  made.now += DAY;
  const { store } = made.site;
  let calls = 0;
  const racing: PruneStore = {
    ...store,
    async readBlob(sha256, maxSize) {
      if (calls++ === 0) {
        await dropSnapshot(made.site, `toy@${ids[0]}`);
        for (const [name, { bytes }] of store.blobs) if (String(bytes) === "a one") store.blobs.delete(name);
      }
      return store.readBlob(sha256, maxSize);
    },
  };
  const checked = await check(made, racing);
  assert.deepEqual(told(checked), []);
  assert.deepEqual(
    checked.snapshots.map(({ id }) => id),
    ids.slice(1),
  );
  assert.deepEqual(await store.quarantined(), []);
});

test("an altered record puts nothing into quarantine on its word", async () => {
  const { made, ids } = await twoStates();
  const ref = `snapshots/toy/${ids[1]}`;
  await alter(made, ref, 1, (text) => {
    const other = text.replace(/("manifest": \{\s*"sha256": ")[^"]*/, `$1${"0".repeat(64)}`);
    return other.replace("signed", "forged");
  });
  const found = told(await check(made));
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0] ?? "", /^ref_corrupt/);
  assert.deepEqual(await made.site.store.quarantined(), []);
});

test("a channel that moves on during the run, from a snapshot that is then given up, is no fault", async () => {
  const { made, ids } = await twoStates();
  const { store } = made.site;
  const promote = async (nth: number) =>
    commitMove(made.site, await planPromote(store, find, `toy@${ids[nth]}`, "stable", []));
  await promote(0);
  made.now += DAY;
  let reads = 0;
  const racing: PruneStore = {
    ...store,
    async readRef(name, version) {
      const bytes = await store.readRef(name, version);
      // Once its row has been checked, as it is read again for where it points to.
      if (name === "channels/stable" && ++reads === 2) {
        await promote(1);
        made.now += DAY;
        await dropSnapshot(made.site, `toy@${ids[0]}`);
      }
      return bytes;
    },
  };
  assert.deepEqual(told(await check(made, racing)), []);
  assert.ok(reads > 2);
});

test("a channel that points to what is gone is named", async () => {
  const { made, ids } = await twoStates();
  await commitMove(made.site, await planPromote(made.site.store, find, `toy@${ids[0]}`, "stable", []));
  const { store } = made.site;
  const hidden: PruneStore = {
    ...store,
    refVersions: async (name) => (name === `snapshots/toy/${ids[0]}` ? [] : store.refVersions(name)),
  };
  assert.deepEqual(told(await check(made, hidden)), [
    `ref_corrupt Channel 'stable' points to toy@${ids[0]}, whose record is gone: restore refs/ from a backup.`,
  ]);
});
