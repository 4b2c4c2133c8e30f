import assert from "node:assert/strict";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryStore } from "../store/memory.ts";
import {
  BIG,
  ID,
  addSnapshot,
  ask,
  changeManifest,
  digest,
  point,
  sampleStore,
  serve,
} from "./site.test-helper.ts";

const BIG_URL = "/debian/stable/pool/big.deb";
const SMALL_URL = "/debian/stable/pool/g++_1:2~3.deb";
const big = digest(BIG);
const small = digest("small package");

const flipped = Buffer.from("small packagE");

for (const [what, url, sha256, bytes, code] of [
  ["missing and long", BIG_URL, big, undefined, "blob_missing"],
  ["missing and short", SMALL_URL, small, undefined, "blob_missing"],
  ["cut and long", BIG_URL, big, BIG.subarray(1), "blob_corrupt"],
  ["grown and long", BIG_URL, big, Buffer.concat([BIG, BIG]), "blob_corrupt"],
  ["cut and short", SMALL_URL, small, flipped.subarray(1), "blob_corrupt"],
  ["altered and short", SMALL_URL, small, flipped, "blob_corrupt"],
] as const) {
  test(`a blob that is ${what} is not sent: 503, a line in the log, a count`, async (t) => {
    const store = await sampleStore();
    if (bytes === undefined) store.blobs.delete(sha256);
    else store.blobs.set(sha256, { bytes, modified: 0 });
    const { url: base, lines } = await serve(t, store);
    for (const method of ["GET", "HEAD"]) {
      const got = await ask(base, url, {}, method);
      assert.deepEqual([got.status, got.headers["retry-after"]], [503, "30"]);
      assert.equal(got.headers.etag, undefined);
    }
    assert.equal(lines[0]?.fault?.code, code);
    const metrics = (await ask(base, "/_/metrics")).body.toString();
    assert.match(
      metrics,
      new RegExp(`^sluice_http_unavailable_total\\{mirror="debian",cause="${code}"\\} 2$`, "m"),
    );
  });
}

test("a small file in memory is not sent any more once its blob is in quarantine, and again when it is back", async (t) => {
  const store = await sampleStore();
  const { url } = await serve(t, store);
  assert.equal((await ask(url, SMALL_URL)).status, 200);
  const sound = store.blobs.get(small);
  assert.ok(sound !== undefined);
  await store.quarantine(small);
  const became = async (status: number) => {
    for (let tries = 0; tries < 600; tries++) {
      if ((await ask(url, SMALL_URL)).status === status) return true;
      await sleep(50);
    }
    return false;
  };
  assert.ok(await became(503));
  store.blobs.set(small, sound);
  assert.ok(await became(200));
});

test("a size in the manifest that the blob does not have is never sent", async (t) => {
  const store = await sampleStore();
  await changeManifest(store, "debian", ID, (text) => text.replace('"size":13', '"size":12'));
  const { url, lines } = await serve(t, store);
  assert.equal((await ask(url, SMALL_URL)).status, 503);
  assert.equal(lines[0]?.fault?.code, "blob_corrupt");
});

test("a damaged manifest or channel is 503, and nothing of the inside shows", async (t) => {
  const store = await sampleStore();
  const { url } = await serve(t, store);
  await point(store, "stable", { debian: "20261231T000000Z" }, 0);
  const got = await ask(url, BIG_URL);
  assert.deepEqual([got.status, got.body.toString()], [503, "503 Service Unavailable\n"]);
  const manifest = [...store.blobs].find(([, { bytes }]) => bytes.includes("format"));
  assert.ok(manifest !== undefined);
  const [name, { bytes }] = manifest;
  // As long as before, and still a manifest.
  const altered = Buffer.from(bytes.toString().replace("pool/big.deb", "pool/bag.deb"));
  store.blobs.set(name, { bytes: altered, modified: 0 });
  assert.equal((await ask(url, `/debian/${ID}/pool/bag.deb`)).status, 503);
  for (const sha256 of store.blobs.keys()) store.blobs.set(sha256, { bytes: Buffer.from("x"), modified: 0 });
  assert.equal((await ask(url, `/debian/${ID}/pool/big.deb`)).status, 503);
  store.listRefs = () => Promise.reject(new Error("disk"));
  assert.equal((await ask(url, "/_/healthz")).status, 503);
  assert.equal((await ask(url, "/")).status, 503);
});

for (const [what, body] of [
  ["ends early", () => Readable.from([BIG.subarray(0, 70_000)])],
  [
    "breaks",
    () =>
      Readable.from(
        (function* () {
          yield BIG.subarray(0, 70_000);
          throw new Error("read error");
        })(),
      ),
  ],
  [
    "holds more",
    () =>
      Readable.from(
        (async function* () {
          yield BIG.subarray(0, 70_000);
          yield BIG;
          await new Promise(() => undefined);
        })(),
      ),
  ],
] as const) {
  test(`a stream that ${what} never looks like a whole file`, async (t) => {
    const store = await sampleStore();
    const { openBlob } = store;
    store.openBlob = async (sha256, range) => (sha256 === big ? body() : await openBlob(sha256, range));
    const { url, lines } = await serve(t, store);
    const got = await ask(url, BIG_URL).catch(() => undefined);
    assert.ok(got === undefined || !got.whole);
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.fault !== undefined && !lines[0].complete);
  });
}

test("of requests sent ahead one has its file open; when the client leaves it is closed, and that is no fault", async (t) => {
  const store = memoryStore();
  const bytes = Buffer.alloc(2 ** 24);
  await addSnapshot(store, "debian", ID, { "pool/big.deb": { bytes } });
  await point(store, "stable", { debian: ID }, 0);
  const opened: Readable[] = [];
  const { openBlob } = store;
  store.openBlob = async (sha256, range) => {
    if (sha256 !== digest(bytes)) return openBlob(sha256, range);
    const blob = Readable.from(Array.from({ length: 256 }, () => bytes.subarray(0, 2 ** 16)));
    opened.push(blob);
    return blob;
  };
  const { url, lines } = await serve(t, store);
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`GET ${BIG_URL} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(8));
  socket.pause();
  while (opened.length < 1) await new Promise((resolve) => setImmediate(resolve));
  const [blob] = opened;
  const end = new Promise((resolve) => blob?.once("close", resolve));
  socket.destroy();
  await end;
  while (lines.length < 8) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(opened.length, 1);
  assert.ok(lines.every((line) => line.fault === undefined));
  assert.match((await ask(url, "/_/metrics")).body.toString(), /^sluice_http_requests_in_flight 1$/m);
});

test("when a client leaves before its file is open, the file is closed, and the server goes on", async (t) => {
  const store = await sampleStore();
  const { openBlob } = store;
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  store.openBlob = async (sha256, range) => {
    if (sha256 !== big) return openBlob(sha256, range);
    asked.resolve();
    await go.promise;
    const blob = await openBlob(sha256, range);
    blob.once("close", () => closed.resolve());
    return blob;
  };
  const { url, lines } = await serve(t, store);
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`GET ${BIG_URL} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await asked.promise;
  socket.destroy();
  while (lines.length < 1) await new Promise((resolve) => setImmediate(resolve));
  go.resolve();
  await closed.promise;
  assert.deepEqual([lines[0]?.complete, lines[0]?.fault], [false, undefined]);
  assert.equal((await ask(url, "/_/healthz")).status, 200);
});

test("a store that fails after the client has left ends nothing else", async (t) => {
  const store = await sampleStore();
  const { statBlob } = store;
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  store.statBlob = async () => {
    asked.resolve();
    await go.promise;
    throw new Error("read error");
  };
  const { url, lines } = await serve(t, store);
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`GET ${BIG_URL} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await asked.promise;
  socket.destroy();
  while (lines.length < 1) await new Promise((resolve) => setImmediate(resolve));
  go.resolve();
  store.statBlob = statBlob;
  assert.equal((await ask(url, BIG_URL)).status, 200);
  assert.equal(lines[0]?.fault, undefined);
});
