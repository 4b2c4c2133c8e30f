import assert from "node:assert/strict";
import { truncateSync, appendFileSync, readdirSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { blobFile, flipBit, tempStores } from "../store/directory/temp.test-helper.ts";
import { addSnapshot, ask, digest, point, serve } from "./site.test-helper.ts";

const open = tempStores();
const [ONE, TWO] = ["20261101T000000Z", "20261102T000000Z"];
/** More than one chunk, and less than one. */
const LONG = Buffer.alloc(1_300_000, "long file ");
const SHORT = Buffer.from("short file");
const LONG_URL = "/debian/stable/pool/long.deb";
const SHORT_URL = "/debian/stable/pool/short.deb";

/** A server over a store on disk whose files have all been asked for, and are held in memory as far as they ever are. */
async function warmSite(t: TestContext, freshMs = 0) {
  const store = await open();
  await addSnapshot(store, "debian", ONE, {
    "pool/long.deb": { bytes: LONG },
    "pool/short.deb": { bytes: SHORT },
  });
  await point(store, "stable", { debian: ONE }, 0);
  const { url, lines } = await serve(t, store, { freshMs });
  const get = async (path: string) => ask(url, path);
  for (let round = 0; round < 3; round++) {
    assert.ok((await get(LONG_URL)).body.equals(LONG));
    assert.ok((await get(SHORT_URL)).body.equals(SHORT));
  }
  return { store, url, lines, get };
}

test("a channel that moves while its files are in memory shows the new ones, whole and in parts", async (t) => {
  const { store, url, get } = await warmSite(t);
  const [long, short] = [Buffer.alloc(LONG.length, "other file"), Buffer.from("other one!")];
  await addSnapshot(store, "debian", TWO, {
    "pool/long.deb": { bytes: long },
    "pool/short.deb": { bytes: short },
  });
  await point(store, "stable", { debian: TWO }, 0);
  assert.ok((await get(LONG_URL)).body.equals(long));
  assert.ok((await get(SHORT_URL)).body.equals(short));
  const part = await ask(url, LONG_URL, { Range: "bytes=600000-" });
  assert.deepEqual([part.status, part.body.equals(long.subarray(600_000))], [206, true]);
  const stale = await ask(url, LONG_URL, { Range: "bytes=600000-", "If-Range": `"${digest(LONG)}"` });
  assert.deepEqual([stale.status, stale.body.equals(long)], [200, true]);
  await point(store, "stable", { debian: ONE }, 0);
  assert.ok((await get(LONG_URL)).body.equals(LONG));
});

test("as soon as one file of a moved channel is the new one, all are", async (t) => {
  const { store, get } = await warmSite(t, 50);
  const files = { "pool/long.deb": { bytes: "new" }, "pool/short.deb": { bytes: "new" } };
  await addSnapshot(store, "debian", TWO, files);
  await point(store, "stable", { debian: TWO }, 0);
  for (let look = 0; look < 1000 && (await get(SHORT_URL)).body.toString() !== "new"; look++) await sleep(5);
  assert.ok((await get(LONG_URL)).body.equals(Buffer.from("new")));
});

test("what is in quarantine is not sent, nor what memory holds of it; what was repaired is", async (t) => {
  const { store, get } = await warmSite(t);
  const file = blobFile(store.root, digest(LONG));
  flipBit(file);
  // Nobody notices by the size: these are the bad bytes, in memory from now on.
  assert.ok(!(await get(LONG_URL)).body.equals(LONG));
  await store.quarantine(digest(LONG));
  assert.equal((await get(LONG_URL)).status, 503);
  const session = await store.begin();
  await session.putBlob(LONG, { digests: { sha256: digest(LONG) } });
  await session.end();
  assert.ok((await get(LONG_URL)).body.equals(LONG));
});

test("a short file in memory was proven when it was read: its bad blob is never sent", async (t) => {
  const { store, get } = await warmSite(t);
  flipBit(blobFile(store.root, digest(SHORT)));
  assert.ok((await get(SHORT_URL)).body.equals(SHORT));
  const fresh = await serve(t, store);
  assert.equal((await ask(fresh.url, SHORT_URL)).status, 503);
  await store.quarantine(digest(SHORT));
  assert.ok((await get(SHORT_URL)).body.equals(SHORT));
  assert.equal((await ask(fresh.url, SHORT_URL)).status, 503);
});

for (const [what, change] of [
  ["lost its end", (file: string) => truncateSync(file, LONG.length - 1)],
  ["grown", (file: string) => appendFileSync(file, "x")],
] as const) {
  test(`a file that has ${what} on disk is not sent, though memory holds all of it`, async (t) => {
    const { store, get, lines } = await warmSite(t);
    change(blobFile(store.root, digest(LONG)));
    assert.equal((await get(LONG_URL)).status, 503);
    assert.equal(lines.at(-1)?.fault?.code, "blob_corrupt");
  });
}

test("a file that changes its size between the look at it and its opening is not sent", async (t) => {
  const { store, get, lines } = await warmSite(t);
  const { statBlob } = store;
  store.statBlob = async (sha256) => {
    const found = await statBlob(sha256);
    if (sha256 === digest(LONG)) truncateSync(blobFile(store.root, sha256), 5);
    return found;
  };
  assert.equal((await get(LONG_URL)).status, 503);
  assert.equal(lines.at(-1)?.fault?.code, "blob_corrupt");
});

test("many at the same time get the file whole, and each its part; no file stays open", async (t) => {
  const { url } = await warmSite(t);
  const openFiles = () => readdirSync("/proc/self/fd").length;
  const before = openFiles();
  const starts = Array.from({ length: 40 }, (_, at) => at * 32_001);
  const got = await Promise.all(starts.map((start) => ask(url, LONG_URL, { Range: `bytes=${start}-` })));
  for (const [at, { status, body }] of got.entries()) {
    assert.deepEqual([status, body.equals(LONG.subarray(starts[at]))], [206, true]);
  }
  for (let look = 0; look < 1000 && openFiles() > before; look++) await sleep(5);
  assert.ok(openFiles() <= before);
});
