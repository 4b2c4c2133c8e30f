import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { body, exactly, listed, noise, put, sha256, text } from "../suite-tools.test-helper.ts";
import { startChild } from "./children.test-helper.ts";
import { layoutOf } from "./layout.ts";
import { markedSessions, markerPath } from "./marker.ts";
import { openDirectoryStore } from "./open.ts";
import { blobFile, flipBit, tempFolders, tempStores } from "./temp.test-helper.ts";

const open = tempStores();
const folder = tempFolders();

function markersOf(root: string): string[] {
  return markedSessions(layoutOf(root));
}

for (const after of [0, 1, 30])
  test(`killed after ${after + 1} blobs, then a power cut: no torn blob counts as present`, async () => {
    const { root } = await open();
    await using child = startChild("put", root, "seed");
    while (Number(await child.line()) < after);
    await child.kill();
    assert.equal(markersOf(root).length, 1);
    // What a file system may make of files that were renamed but not yet on disk.
    const names = Array.from({ length: after + 1 }, (_, index) =>
      sha256(noise(1000 + index, `seed ${index}`)),
    );
    const torn = new Set(names.filter((_, index) => index % 3 !== 1));
    for (const [index, name] of [...torn].entries()) {
      if (index % 2 === 0) fs.truncateSync(blobFile(root, name), 0);
      else flipBit(blobFile(root, name));
    }
    const store = await open(root);
    for (const name of names)
      assert.equal((await store.statBlob(name)) === undefined, torn.has(name), `${torn.has(name)} ${name}`);
    for (const name of await listed(store)) await store.readBlob(name);
    assert.deepEqual(markersOf(root), []);
    // The next run brings them back.
    await put(store, ...names.map((_, index) => noise(1000 + index, `seed ${index}`)));
    for (const name of names) await store.readBlob(name);
  });

test("what a killed process received of a file is there for the next one", async () => {
  const { root } = await open();
  const bytes = noise(2_000_000, "resume");
  for (const have of [1000, 300_000, 1_900_000]) {
    await using child = startChild("partial", root, "resume", `${have}`);
    assert.equal(await child.line(), "received");
    // While it lives, it is the owner.
    const meanwhile = await open(root);
    const own = await (await meanwhile.begin()).incoming(exactly(bytes), "resume");
    assert.equal(own.have, 0);
    await own.release();
    await child.kill();
    const store = await open(root);
    const incoming = await (await store.begin()).incoming(exactly(bytes), "resume");
    assert.equal(incoming.have, have);
    if (have < 1_900_000) await incoming.reset();
    else await incoming.append(body([bytes.subarray(have)]));
    if (have === 1_900_000) assert.equal((await incoming.commit()).sha256, sha256(bytes));
    await store.close();
    await meanwhile.close();
  }
});

test("the marker is there before the first blob, and goes with the end", async () => {
  const store = await open();
  const session = await store.begin();
  assert.deepEqual(markersOf(store.root), []);
  await session.putBlob(text("one"), { digests: {} });
  assert.equal(markersOf(store.root).length, 1);
  await session.barrier();
  assert.equal(markersOf(store.root).length, 1);
  const other = await open(store.root);
  assert.equal(markersOf(store.root).length, 1, "a living session is not stale");
  const litter = fs.readdirSync(layoutOf(store.root).tmp).filter((name) => name.includes("opening"));
  assert.deepEqual(litter, [], "nothing beside it that a kill would leave for good");
  await session.putBlob(text("two"), { digests: {} });
  await session.end();
  assert.deepEqual(markersOf(store.root), []);
  assert.equal((await listed(other)).length, 2);
});

test("the marker stands when the first blob comes into sight", async () => {
  const root = folder();
  const seen: [markers: number, blobs: number][] = [];
  // The session looks at the clock right before it renames a blob into place.
  const clock = (): number => {
    seen.push([markersOf(root).length, fs.readdirSync(layoutOf(root).blobs).length]);
    return Date.now();
  };
  const store = await openDirectoryStore(root, { clock });
  const session = await store.begin();
  await session.putBlob(text("one"), { digests: {} });
  assert.deepEqual(seen, [[1, 0]]);
  await session.end();
  await store.close();
});

test("only what is newer than the marker is read again", async () => {
  const root = folder();
  const store = await openDirectoryStore(root);
  const session = await store.begin();
  const { sha256: name } = await session.putBlob(text("old"), { digests: {} });
  await store.close();
  const [marker = ""] = markersOf(root);
  const later = Date.now() / 1000 + 3600;
  fs.utimesSync(markerPath(layoutOf(root), marker), later, later);
  flipBit(blobFile(root, name));
  const again = await open(root);
  assert.notEqual(await again.statBlob(name), undefined);
  assert.deepEqual(markersOf(root), []);
});

test("a clock that steps back takes the marker with it", async () => {
  const root = folder();
  let now = Date.now();
  const store = await openDirectoryStore(root, { clock: () => now });
  const session = await store.begin();
  await session.putBlob(text("before"), { digests: {} });
  const time = (): number => fs.statSync(markerPath(layoutOf(root), markersOf(root)[0] ?? "")).mtimeMs;
  now -= 3_600_000;
  await session.putBlob(text("after"), { digests: {} });
  assert.ok(Math.abs(time() - now) < 2);
  const back = now;
  now += 1_800_000;
  await session.putBlob(text("later"), { digests: {} });
  assert.ok(Math.abs(time() - back) < 2);
  await session.end();
  await store.close();
});

test("two that start at once after a crash both find a sound store", async () => {
  const { root } = await open();
  await using child = startChild("put", root, "seed");
  while (Number(await child.line()) < 5);
  await child.kill();
  const torn = sha256(noise(1002, "seed 2"));
  fs.truncateSync(blobFile(root, torn), 1);
  const stores = await Promise.all([open(root), open(root), open(root)]);
  for (const store of stores) assert.equal(await store.statBlob(torn), undefined);
  assert.deepEqual(markersOf(root), []);
});

test("a torn blob that a tree has a name for goes out of the tree, and to quarantine", async () => {
  const root = folder();
  const store = await openDirectoryStore(root);
  const { sha256: name } = await (await store.begin()).putBlob(text("linked"), { digests: {} });
  await store.trees.createTree("m", "20260101T000000Z", [{ path: "a/file", sha256: name }]);
  await store.close();
  flipBit(blobFile(root, name));
  const again = await open(root);
  assert.equal(await again.statBlob(name), undefined);
  assert.deepEqual(await again.quarantined(), [{ sha256: name, back: false }]);
  assert.deepEqual(fs.readdirSync(`${root}/trees/m/20260101T000000Z/a`), []);
});

test("a session begins only after what another left is looked at", async () => {
  const store = await open();
  await using child = startChild("put", store.root, "seed");
  while (Number(await child.line()) < 3);
  await child.kill();
  const torn = sha256(noise(1001, "seed 1"));
  fs.truncateSync(blobFile(store.root, torn), 1);
  await (await store.begin()).end();
  assert.equal(await store.statBlob(torn), undefined);
  assert.deepEqual(markersOf(store.root), []);
});

test("what a killed process had in tmp/ goes with its session; what another has there stays", async () => {
  const store = await open();
  const { tmp } = layoutOf(store.root);
  await using child = startChild("put", store.root, "seed");
  await child.line();
  const [dead = ""] = markersOf(store.root).map((session) => session.slice(0, 12));
  await using other = startChild("put", store.root, "other");
  await other.line();
  const [alive = ""] = markersOf(store.root)
    .map((session) => session.slice(0, 12))
    .filter((mark) => mark !== dead);
  const litter = (mark: string): string[] => [
    `ref-${mark}-700`,
    `opening-${mark}-800-journal`,
    `tree-${mark}-900`,
  ];
  for (const [ref = "", journal = "", tree = ""] of [litter(dead), litter(alive)]) {
    fs.writeFileSync(`${tmp}/${ref}`, "");
    fs.writeFileSync(`${tmp}/${journal}`, "");
    fs.mkdirSync(`${tmp}/${tree}/below`, { recursive: true });
  }
  await child.kill();
  await open(store.root);
  assert.deepEqual(
    fs.readdirSync(tmp).filter((name) => name.includes(dead)),
    [],
  );
  for (const name of litter(alive)) assert.ok(fs.existsSync(`${tmp}/${name}`), name);
});
