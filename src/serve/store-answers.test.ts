import assert from "node:assert/strict";
import { test } from "node:test";
import { httpTransport } from "../upstream/http/transport.ts";
import { ask, BIG, digest, sampleStore, serve } from "./site.test-helper.ts";

const at = "/_/store/v1";
const json = (body: Buffer): unknown => JSON.parse(body.toString());

test("a blob is sent by its name, whole or from any byte on, for caches to keep", async (t) => {
  const { url, lines } = await serve(t, await sampleStore());
  for (const bytes of [BIG, Buffer.from("small package"), Buffer.alloc(0)]) {
    const path = `${at}/blobs/${digest(bytes)}`;
    const whole = await ask(url, path);
    assert.deepEqual([whole.status, whole.body], [200, bytes]);
    assert.equal(whole.headers["cache-control"], "public, max-age=31536000, immutable");
    const same = await ask(url, path, { "if-none-match": whole.headers.etag ?? "" });
    assert.equal(same.status, 304);
    if (bytes.length === 0) continue;
    const rest = await ask(url, path, { range: "bytes=5-" });
    assert.deepEqual([rest.status, rest.body], [206, bytes.subarray(5)]);
  }
  assert.ok(lines.every(({ complete }) => complete));
});

test("what is no blob, or is in quarantine, is not found", async (t) => {
  const store = await sampleStore();
  const { url } = await serve(t, store);
  const path = `${at}/blobs/${digest(BIG)}`;
  assert.equal((await ask(url, path)).status, 200);
  await store.quarantine(digest(BIG));
  for (const target of [
    path,
    `${at}/blobs/${"0".repeat(64)}`,
    `${at}/blobs/..%2fx`,
    `${at}/blobs`,
    at,
    `${at}/x/y`,
  ])
    assert.equal((await ask(url, target)).status, 404, target);
  assert.equal((await ask(url, path, {}, "PUT")).status, 405);
});

test("a small blob that has changed on the disk is not sent", async (t) => {
  const store = await sampleStore();
  const { url } = await serve(t, store);
  store.blobs.get(digest("small package"))?.bytes.write("S");
  assert.equal((await ask(url, `${at}/blobs/${digest("small package")}`)).status, 503);
});

test("records: those that travel, by name, by number and by page", async (t) => {
  const store = await sampleStore();
  for (let n = 0; n < 1203; n++) await store.createRef(`snapshots/many/${1000 + n}`, 1, Buffer.from("{}"));
  for (const version of [2, 3, 5]) await store.createRef("channels/stable", version, Buffer.from("{}"));
  for (const name of ["keys/A", "vendors/debian", "exports/any"])
    await store.createRef(name, 1, Buffer.from("{}"));
  const { url } = await serve(t, store);
  const page = await ask(url, `${at}/refs?prefix=channels/`);
  assert.deepEqual(json(page.body), {
    refs: [
      {
        name: "channels/stable",
        versions: [
          [1, 3],
          [5, 5],
        ],
      },
    ],
  });
  assert.equal(page.headers["cache-control"], "no-store");
  const names: string[] = [];
  for (let after = "", pages = 0; pages < 9; pages++) {
    const body = json((await ask(url, `${at}/refs?prefix=&after=${encodeURIComponent(after)}`)).body);
    const { refs, next } = body as { refs: { name: string }[]; next?: string };
    assert.ok(refs.length <= 500);
    names.push(...refs.map(({ name }) => name));
    if (next === undefined) break;
    after = next;
  }
  const offered = (await store.listRefs("")).filter((name) => !/^(keys|vendors|exports)\//.test(name));
  assert.deepEqual(names, offered);
  const version = await ask(url, `${at}/refs/channels/stable/1.json`);
  assert.deepEqual(version.body, await store.readRef("channels/stable", 1));
  assert.match(version.headers["cache-control"] ?? "", /immutable/);
  assert.deepEqual(json((await ask(url, `${at}/refs/channels/stable`)).body), {
    versions: [
      [1, 3],
      [5, 5],
    ],
  });
  assert.deepEqual(json((await ask(url, `${at}/refs/keys/A`)).body), { versions: [] });
  for (const path of ["keys/A/1.json", "channels/stable/4.json", "channels/1.json", "../x/1.json"])
    assert.notEqual((await ask(url, `${at}/refs/${path}`)).status, 200, path);
});

test("with read tokens, the store opens to those who bring one, and only the store needs it", async (t) => {
  const readTokens = [digest("first"), digest("second")];
  const { url, lines } = await serve(t, await sampleStore(), { readTokens });
  const path = `${at}/blobs/${digest(BIG)}`;
  for (const authorization of [
    undefined,
    "Bearer third",
    "Bearer ",
    "Basic second",
    "first",
    `Bearer ${digest("first")}`,
  ])
    for (const target of [path, `${at}/refs?prefix=`, `${at}/refs/channels/stable/1.json`]) {
      const reply = await ask(url, target, authorization === undefined ? {} : { authorization });
      assert.deepEqual([reply.status, reply.headers["www-authenticate"]], [401, 'Bearer realm="store"']);
    }
  for (const token of ["first", "second"]) {
    const reply = await ask(url, path, { authorization: `Bearer ${token}` });
    assert.deepEqual(
      [reply.status, reply.headers["cache-control"]],
      [200, "private, max-age=31536000, immutable"],
    );
  }
  assert.equal((await ask(url, "/debian/stable/pool/big.deb")).status, 200);
  assert.equal(JSON.stringify(lines).includes("first"), false);
  const transport = httpTransport({
    url: `${url}/`,
    proxyEnv: {},
    credentials: { kind: "bearer", token: "second" },
  });
  t.after(async () => transport.close());
  const reply = await transport.fetch({ from: path.slice(1), offset: BIG.length - 1 });
  assert.ok(reply.status === "ok" && reply.start === BIG.length - 1);
});
