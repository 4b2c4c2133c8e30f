import assert from "node:assert/strict";
import { test } from "node:test";
import type { PruneStore } from "../store/contract.ts";
import { publish, rig, type Rig } from "../sync/rig.test-helper.ts";
import { dropSnapshot } from "./pin.ts";
import { SCRUB_BEGIN, scrubProgress, scrubStore, type ScrubPosition } from "./scrub.ts";

const DAY = 86_400_000;
const LARGE = 1_500_000;

interface Scrubbed {
  readonly told: string[];
  readonly steps: ScrubPosition[];
  readonly bytes: number;
}

async function twoStates(): Promise<{ made: Rig; ids: string[] }> {
  const made = rig();
  const ids: string[] = [];
  for (const version of ["1", "2"]) {
    publish(made.upstream, made.now - 1000, {
      a: `a ${version}`,
      both: "both",
      large: version.repeat(LARGE),
    });
    const outcome = await made.sync();
    assert.ok(outcome.result === "updated");
    ids.push(outcome.snapshot);
    made.now += DAY;
  }
  return { made, ids };
}

async function scrub(
  made: Rig,
  { store = made.site.store, from = SCRUB_BEGIN }: { store?: PruneStore; from?: ScrubPosition } = {},
): Promise<Scrubbed> {
  const told: string[] = [];
  const steps: ScrubPosition[] = [];
  let bytes = 0;
  await scrubStore(
    {
      site: { ...made.site, store },
      pass: async (size) => void (bytes += size),
      found: ({ code, message }) => told.push(`${code} ${message}`),
      moved: (position) => steps.push(position),
      signal: new AbortController().signal,
    },
    from,
  );
  return { told, steps, bytes };
}

function digestOf(made: Rig, content: string): string {
  const found = [...made.site.store.blobs].find(([, { bytes }]) => String(bytes) === content);
  assert.ok(found);
  return found[0];
}

function flip(made: Rig, sha256: string): void {
  const bytes = made.site.store.blobs.get(sha256)?.bytes;
  assert.ok(bytes);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 64, bytes.length - 1);
}

test("a sound store: every record and blob is read, and each step is told in order", async () => {
  const { made } = await twoStates();
  const { told, steps, bytes } = await scrub(made);
  assert.deepEqual(told, []);
  const { store } = made.site;
  const names = (phase: string): string[] =>
    steps.filter((one) => one.phase === phase).map(({ after }) => after);
  assert.deepEqual(names("records"), await store.listRefs(""));
  assert.deepEqual(names("blobs"), [...store.blobs.keys()].toSorted());
  assert.deepEqual(names("snapshots"), await store.listRefs("snapshots/"));
  assert.ok(bytes > [...store.blobs.values()].reduce((sum, blob) => sum + blob.bytes.length, 0));
  const ratios = steps.map(scrubProgress);
  assert.deepEqual(
    ratios,
    ratios.toSorted((a, b) => a - b),
  );
  assert.ok(ratios.every((ratio) => ratio >= 0 && ratio < 1));
  assert.deepEqual(await store.quarantined(), []);
});

test("a pass goes on where it was left, and reads nothing twice", async () => {
  const { made } = await twoStates();
  const { steps } = await scrub(made);
  for (const [at, from] of steps.entries()) {
    const rest = await scrub(made, { from });
    assert.deepEqual(rest.steps, steps.slice(at + 1));
  }
});

test("a bad blob goes to quarantine and is told once, by mirror, snapshot and path", async () => {
  const { made, ids } = await twoStates();
  const both = digestOf(made, "both");
  const large = digestOf(made, "1".repeat(LARGE));
  const index = digestOf(made, made.upstream.files.get("index.json")?.toString() ?? "");
  for (const sha256 of [both, large, index]) flip(made, sha256);
  const { told } = await scrub(made);
  const repair = "has changed in the store: run `sluice sync toy` to repair it.";
  assert.deepEqual(
    told.toSorted(),
    [
      `blob_corrupt toy@${ids[1]}: 'both' (blob ${both}) ${repair}`,
      `blob_corrupt toy@${ids[0]}: 'large' (blob ${large}) ${repair}`,
      `blob_corrupt toy@${ids[1]}: 'index.json' (blob ${index}) ${repair}`,
    ].toSorted(),
  );
  const quarantined = (await made.site.store.quarantined()).map(({ sha256 }) => sha256);
  assert.deepEqual(quarantined, [both, large, index].toSorted());
  // Until it is back, each pass says that it is missing.
  const again = await scrub(made);
  assert.equal(again.told.length, 3);
  assert.ok(again.told.every((one) => one.startsWith("blob_missing toy@")));
  await made.sync();
  assert.equal((await scrub(made)).told.length, 1, "what upstream has no more stays lost");
});

test("a manifest, a lost blob, one that nothing needs", async () => {
  const { made, ids } = await twoStates();
  const { store } = made.site;
  const manifest = [...store.blobs]
    .filter(([, { bytes }]) => String(bytes).startsWith('{"format":1}'))
    .at(-1)?.[0];
  assert.ok(manifest);
  flip(made, manifest);
  const lost = digestOf(made, "a 1");
  store.blobs.delete(lost);
  const session = await store.begin();
  const { sha256: orphan } = await session.putBlob(Buffer.from("orphan"), { digests: {} });
  await session.end();
  flip(made, orphan);
  const { told } = await scrub(made);
  assert.equal(told.length, 3, told.join("\n"));
  assert.match(
    told.join("\n"),
    new RegExp(`toy@${ids[1]}: 'the manifest' \\(blob ${manifest}\\) has changed`),
  );
  assert.match(
    told.join("\n"),
    new RegExp(`blob_missing toy@${ids[0]}: 'a' \\(blob ${lost}\\) is not in the store`),
  );
  assert.match(told.join("\n"), new RegExp(`Blob ${orphan} has changed in the store; no snapshot`));
  assert.deepEqual(
    (await store.quarantined()).map(({ sha256 }) => sha256),
    [manifest, lost, orphan].toSorted(),
  );
});

test("an altered record is told", async () => {
  const { made } = await twoStates();
  const { store } = made.site;
  for (const name of await store.listRefs("")) {
    const altered: PruneStore = {
      ...store,
      async readRef(ref, version) {
        const bytes = await store.readRef(ref, version);
        return ref === name ? Buffer.from(String(bytes).replace("signed", "sighed")) : bytes;
      },
    };
    const { told } = await scrub(made, { store: altered });
    assert.ok(
      told.length > 0 && told.every((one) => one.startsWith(`ref_corrupt refs/${name}/`)),
      told.join("\n"),
    );
  }
});

test("what other processes do meanwhile is no fault: a repair, a delete by gc, a snapshot given up", async () => {
  const { made, ids } = await twoStates();
  const { store } = made.site;
  const large = digestOf(made, "1".repeat(LARGE));
  const sound = Buffer.from(store.blobs.get(large)?.bytes ?? "");
  flip(made, large);
  let reads = 0;
  let looks = 0;
  const { told } = await scrub(made, {
    store: {
      ...store,
      async openBlob(sha256, range) {
        if (sha256 === large && ++reads === 2) store.blobs.get(large)?.bytes.set(sound);
        return store.openBlob(sha256, range);
      },
      async statBlob(sha256) {
        // As the scrub looks whether the first snapshot's blobs are there, gc is at work.
        if (looks++ === 0) {
          made.now += DAY;
          await dropSnapshot(made.site, `toy@${ids[0]}`);
          store.blobs.delete(large);
        }
        return store.statBlob(sha256);
      },
    },
  });
  assert.equal(reads, 2);
  assert.deepEqual(told, []);
  assert.deepEqual(await store.quarantined(), []);
});

test("a store that cannot be written is read all the same, and what cannot be put away is told", async () => {
  const { made } = await twoStates();
  flip(made, digestOf(made, "both"));
  flip(made, digestOf(made, "a 2"));
  const denied = Object.assign(new Error("EROFS: read-only"), { code: "EROFS", path: "/data/blobs" });
  const { told } = await scrub(made, {
    store: { ...made.site.store, quarantine: async () => Promise.reject(denied) },
  });
  assert.equal(told.filter((one) => one.startsWith("blob_corrupt toy@")).length, 2);
  assert.equal(told.filter((one) => /cannot be put into quarantine: No permission/.test(one)).length, 2);
});

test("a pass stops at once when it is told to, and at what is no fault of a blob", async () => {
  const { made } = await twoStates();
  const stop = new AbortController();
  let steps = 0;
  const context = {
    site: made.site,
    pass: async () => undefined,
    found: () => undefined,
    moved: () => {
      if (++steps === 5) stop.abort(new Error("enough"));
    },
    signal: stop.signal,
  };
  await assert.rejects(scrubStore(context), /enough/);
  assert.equal(steps, 5);
  const fault = Object.assign(new Error("EMFILE: too many"), { code: "EMFILE" });
  await assert.rejects(
    scrub(made, { store: { ...made.site.store, readBlob: async () => Promise.reject(fault) } }),
    fault,
  );
  assert.deepEqual(await made.site.store.quarantined(), []);
});
