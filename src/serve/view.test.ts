import assert from "node:assert/strict";
import { mock, test } from "node:test";
import fc from "fast-check";
import { snapshotTime } from "../base/names.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import { memoryStore } from "../store/memory.ts";
import { lookUp } from "./lookup.ts";
import { addSnapshot, point, removeSnapshot } from "./site.test-helper.ts";
import { parseTarget } from "./target.ts";
import { View } from "./view.ts";

const [ONE, TWO, THREE] = ["20261101T000000Z", "20261102T000000Z", "20261103T000000Z"];
const HOUR = 3_600_000;

const FILES = {
  "dists/stable/InRelease": { bytes: "root", kind: "root" },
  "dists/stable/Packages": { bytes: "index", kind: "metadata" },
} as const;

async function setUp(now = snapshotTime(THREE)) {
  const clock = { now };
  const store = memoryStore();
  for (const id of [ONE, TWO, THREE]) {
    const own = {
      [`pool/${id}.deb`]: { bytes: id },
      [`dists/${id}/InRelease`]: { bytes: id, kind: "root" as const },
    };
    await addSnapshot(store, "debian", id, { ...FILES, ...own });
  }
  const view = new View(store, {
    graceMs: 24 * HOUR,
    clock: () => clock.now,
    freshMs: 0,
    manifestBytes: 2 ** 20,
  });
  const find = async (url: string) => {
    const target = parseTarget(url);
    assert.ok(typeof target === "object");
    const [mirror = "", name = ""] = target.segments;
    const place = await view.place(mirror, name);
    const found = place && (await lookUp(view, place, target));
    return found?.type === "file" ? found.file.snapshot.body.id : found?.type;
  };
  return { clock, store, view, find };
}

test("an id that is not there means the newest snapshot not after it", async () => {
  const { view, store } = await setUp();
  const id = async (name: string) => (await view.place("debian", name))?.snapshot.body.id;
  assert.equal(await id(TWO), TWO);
  assert.equal((await view.place("debian", TWO))?.exact, true);
  assert.equal(await id("20261102T235959Z"), TWO);
  assert.equal((await view.place("debian", "20261102T235959Z"))?.exact, false);
  assert.equal(await id("20990101T000000Z"), THREE);
  assert.equal(await id("20261031T235959Z"), undefined);
  assert.equal(await id("20301301T000000Z"), undefined, "there is no month 13");
  await removeSnapshot(store, "debian", TWO);
  assert.equal(await id(TWO), ONE);
});

test("a channel is found by its name only, and only where it holds the mirror", async () => {
  const { view, store } = await setUp();
  await point(store, "stable", { debian: ONE }, 0);
  assert.equal((await view.place("debian", "stable"))?.snapshot.body.id, ONE);
  for (const [mirror, name] of [
    ["debian", "testing"],
    ["other", "stable"],
    ["constructor", "stable"],
    ["..", ONE],
    ["debian", "../channels/stable"],
  ] as const) {
    assert.equal(await view.place(mirror, name), undefined);
  }
});

test("a promote is seen at the next look", async () => {
  const { view, store } = await setUp();
  await point(store, "stable", { debian: ONE }, 0);
  assert.equal((await view.place("debian", "stable"))?.snapshot.body.id, ONE);
  await point(store, "stable", { debian: TWO }, 0);
  assert.equal((await view.place("debian", "stable"))?.snapshot.body.id, TWO);
});

test("a channel that points to a snapshot that is gone is a fault, not an absence", async () => {
  const { view, store } = await setUp();
  await point(store, "stable", { debian: ONE }, 0);
  await removeSnapshot(store, "debian", ONE);
  await assert.rejects(view.place("debian", "stable"), { code: "ref_corrupt" });
});

test("a file is a file, a folder a folder, and only with its slash", async () => {
  const { find } = await setUp();
  assert.equal(await find(`/debian/${ONE}/pool/${ONE}.deb`), ONE);
  assert.equal(await find(`/debian/${ONE}/pool/`), "folder");
  assert.equal(await find(`/debian/${ONE}/pool`), "unslashed");
  assert.equal(await find(`/debian/${ONE}`), "unslashed");
  assert.equal(await find(`/debian/${ONE}/`), "folder");
  assert.equal(await find(`/debian/${ONE}/pool/${ONE}.deb/`), undefined);
  assert.equal(await find(`/debian/${ONE}/poo`), undefined);
});

test("packages that left a channel have grace there; roots and other places have none", async () => {
  const { clock, store, find } = await setUp();
  const moved = snapshotTime(THREE);
  await point(store, "stable", { debian: ONE }, 0);
  await point(store, "stable", { debian: TWO }, moved);
  clock.now = moved + 23 * HOUR;
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), ONE);
  assert.equal(await find(`/debian/stable/pool/${TWO}.deb`), TWO);
  assert.equal(await find(`/debian/stable/pool/${THREE}.deb`), undefined);
  assert.equal(await find(`/debian/stable/dists/${ONE}/InRelease`), undefined);
  assert.equal(await find(`/debian/stable/dists/${ONE}/`), undefined);
  assert.equal(await find(`/debian/${TWO}/pool/${ONE}.deb`), undefined);
  assert.equal(await find(`/debian/stable/dists/stable/Packages`), TWO);
  clock.now = moved + 24 * HOUR;
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), undefined);
});

test("after a move back the newer snapshot's packages stay until the channel has passed its date", async () => {
  const { clock, store, find } = await setUp();
  await point(store, "stable", { debian: TWO }, 0);
  await point(store, "stable", { debian: ONE }, 0);
  clock.now += 1000 * HOUR;
  assert.equal(await find(`/debian/stable/pool/${TWO}.deb`), TWO);
  await point(store, "stable", { debian: THREE }, 0);
  assert.equal(await find(`/debian/stable/pool/${TWO}.deb`), undefined);
});

test("grace ends with the snapshot", async () => {
  const { store, find } = await setUp();
  await point(store, "stable", { debian: ONE }, snapshotTime(THREE));
  await point(store, "stable", { debian: TWO }, snapshotTime(THREE));
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), ONE);
  await removeSnapshot(store, "debian", ONE);
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), undefined);
});

test("a removed snapshot is asked about once", async () => {
  const { store, view } = await setUp();
  await removeSnapshot(store, "debian", ONE);
  const asked: string[] = [];
  const { refVersions } = store;
  store.refVersions = async (name) => (asked.push(name), await refVersions(name));
  for (let at = 0; at < 3; at++) assert.equal(await view.place("debian", ONE), undefined);
  assert.deepEqual(asked, [`snapshots/debian/${ONE}`]);
});

test("versions of refs and manifests are read once", async () => {
  const { store, find } = await setUp();
  await point(store, "stable", { debian: ONE }, 0);
  const reads: string[] = [];
  const { readRef, openBlob } = store;
  store.readRef = async (name, version) => (reads.push(name), await readRef(name, version));
  store.openBlob = async (sha256, range) => (reads.push("blob"), await openBlob(sha256, range));
  for (let at = 0; at < 3; at++) await find(`/debian/stable/pool/${ONE}.deb`);
  assert.deepEqual(reads, ["channels/stable", `snapshots/debian/${ONE}`, "blob"]);
});

test("what left a channel is found as a look through all of its snapshots would find it", async () => {
  const ids = Array.from({ length: 8 }, (_, at) => `2026110${at + 1}T000000Z`);
  const contents = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 6 })), { minLength: 8, maxLength: 8 });
  const moves = fc.array(fc.nat(7), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(contents, moves, async (held, moves) => {
      const store = memoryStore();
      for (const [at, id] of ids.entries()) {
        const files = (held[at] ?? []).map(
          (name) => [`pool/${name}.deb`, { bytes: `${name} of ${id}` }] as const,
        );
        await addSnapshot(store, "debian", id, Object.fromEntries(files));
      }
      const view = new View(store, { graceMs: 1000, clock: () => 0, freshMs: 0, manifestBytes: 2 ** 20 });
      for (const [nth, move] of moves.entries()) {
        await point(store, "stable", { debian: ids[move] ?? "" }, nth);
        const place = await view.place("debian", "stable");
        assert.ok(place !== undefined);
        const order = [...new Set(moves.slice(0, nth + 1).toReversed())];
        for (let name = 0; name <= 6; name++) {
          const path = `pool/${name}.deb`;
          const wanted = order.find((at) => held[at]?.includes(name));
          const here: unknown = (await view.manifest(place.snapshot)).find(path);
          const found: { snapshot: Snapshot } | undefined =
            here === undefined ? await view.graceFile(place, path) : place;
          assert.equal(found?.snapshot.body.id, wanted === undefined ? undefined : ids[wanted]);
        }
      }
    }),
    { numRuns: 25 },
  );
});

test("a path that is nowhere costs no read, once what left the channel is known", async () => {
  const { store, find } = await setUp();
  for (const [nth, id] of [ONE, TWO, THREE].entries()) {
    await point(store, "stable", { debian: id }, snapshotTime(THREE) + nth);
  }
  assert.equal(await find("/debian/stable/pool/nowhere.deb"), undefined);
  const reads: string[] = [];
  const { openBlob } = store;
  store.openBlob = async (sha256, range) => (reads.push(sha256), await openBlob(sha256, range));
  for (let at = 0; at < 5; at++) assert.equal(await find(`/debian/stable/pool/nowhere-${at}.deb`), undefined);
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), ONE);
  assert.deepEqual(reads, []);
});

test("what a channel in use moves to is in memory before anyone asks for it", async () => {
  const { store, view, find } = await setUp();
  await point(store, "stable", { debian: ONE }, snapshotTime(THREE));
  await point(store, "other", { debian: ONE }, snapshotTime(THREE));
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), ONE);
  await point(store, "stable", { debian: TWO }, snapshotTime(THREE));
  await point(store, "other", { debian: THREE }, snapshotTime(THREE));
  await view.warm();
  const reads: string[] = [];
  const { openBlob } = store;
  store.openBlob = async (sha256, range) => (reads.push(sha256), await openBlob(sha256, range));
  assert.equal(await find(`/debian/stable/pool/${TWO}.deb`), TWO);
  assert.equal(await find(`/debian/stable/pool/${ONE}.deb`), ONE);
  assert.equal(await find("/debian/stable/pool/nowhere.deb"), undefined);
  assert.deepEqual(reads, []);
  await find(`/debian/other/pool/${THREE}.deb`);
  assert.equal(reads.length, 1, "nobody has asked for that channel");
});

test("a place that is young enough is given without a question, and is the same object", async () => {
  const { store } = await setUp();
  await point(store, "stable", { debian: ONE }, 0);
  const options = { graceMs: 0, clock: () => 0, freshMs: 250, manifestBytes: 2 ** 20 };
  let now = 0;
  const time = mock.method(performance, "now", () => now);
  const view = new View(store, options);
  assert.equal(view.placeNow("debian", "stable"), undefined);
  const place = await view.place("debian", "stable");
  now = 249;
  assert.equal(view.placeNow("debian", "stable"), place);
  now = 250;
  assert.equal(view.placeNow("debian", "stable"), undefined);
  assert.equal(await view.place("debian", "stable"), place);
  assert.equal(view.placeNow("debian", "stable"), place);
  await point(store, "stable", { debian: TWO }, 0);
  now = 500;
  assert.notEqual(await view.place("debian", "stable"), place);
  assert.equal(view.placeNow("debian", "stable")?.snapshot.body.id, TWO);
  time.mock.restore();
});
