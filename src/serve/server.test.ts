import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BIG,
  ID,
  RELEASE,
  addSnapshot,
  ask,
  digest,
  point,
  removeSnapshot,
  sampleStore,
  serve,
} from "./site.test-helper.ts";

const BIG_URL = "/debian/stable/pool/big.deb";
const SMALL_URL = "/debian/stable/pool/g%2b%2b_1%3a2%7e3.deb";
const ROOT_URL = "/debian/stable/dists/stable/InRelease";
const STORED = "Fri, 09 Oct 2026 09:09:09 GMT";
const MADE = "Sun, 01 Nov 2026 00:00:00 GMT";

test("a file comes whole with its validators, and HEAD says the same without the body", async (t) => {
  const { url } = await serve(t, await sampleStore());
  for (const [path, bytes, modified, cache] of [
    [BIG_URL, BIG, STORED, "public, max-age=86400"],
    [SMALL_URL, Buffer.from("small package"), STORED, "public, max-age=86400"],
    [ROOT_URL, Buffer.from(RELEASE), MADE, "no-cache"],
    ["/debian/stable/dists/stable/main/empty", Buffer.alloc(0), STORED, "no-cache"],
    [`/debian/${ID}/pool/big.deb`, BIG, STORED, "public, max-age=31536000, immutable"],
  ] as const) {
    const got = await ask(url, path);
    assert.equal(got.status, 200);
    assert.deepEqual(got.body, bytes);
    assert.equal(got.headers.etag, `"${digest(bytes)}"`);
    assert.equal(got.headers["last-modified"], modified);
    assert.equal(got.headers["cache-control"], cache);
    assert.equal(got.headers["content-length"], String(bytes.length));
    assert.equal(got.headers["accept-ranges"], "bytes");
    assert.equal(got.headers["x-content-type-options"], "nosniff");
    assert.equal(got.headers["content-encoding"], undefined);
    const head = await ask(url, path, { "Accept-Encoding": "gzip" }, "HEAD");
    assert.equal(head.body.length, 0);
    assert.deepEqual({ ...head.headers, date: "" }, { ...got.headers, date: "" });
  }
});

test("parts of files, long and short", async (t) => {
  const { url } = await serve(t, await sampleStore());
  for (const [path, bytes] of [
    [BIG_URL, BIG],
    [SMALL_URL, Buffer.from("small package")],
  ] as const) {
    const etag = `"${digest(bytes)}"`;
    const part = await ask(url, path, { Range: "bytes=3-7" });
    assert.equal(part.status, 206);
    assert.equal(part.headers["content-range"], `bytes 3-7/${bytes.length}`);
    assert.deepEqual(part.body, bytes.subarray(3, 8));
    const resumed = await ask(url, path, { Range: "bytes=5-", "If-Range": STORED });
    assert.deepEqual([resumed.status, resumed.body], [206, bytes.subarray(5)]);
    assert.equal((await ask(url, path, { Range: "bytes=5-", "If-Range": etag })).status, 206);
    const changed = await ask(url, path, { Range: "bytes=5-", "If-Range": MADE });
    assert.deepEqual([changed.status, changed.body], [200, bytes]);
    const beyond = await ask(url, path, { Range: `bytes=${bytes.length}-` });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers["content-range"], `bytes */${bytes.length}`);
    const head = await ask(url, path, { Range: "bytes=3-7" }, "HEAD");
    assert.deepEqual([head.status, head.headers["content-length"]], [200, String(bytes.length)]);
  }
});

test("several parts come as multipart/byteranges, in the order they were asked for", async (t) => {
  const { url, lines } = await serve(t, await sampleStore());
  for (const [path, bytes] of [
    [BIG_URL, BIG],
    [SMALL_URL, Buffer.from("small package")],
  ] as const) {
    const size = bytes.length;
    const type = "application/vnd.debian.binary-package";
    const got = await ask(url, path, { Range: "bytes=-2, 0-1,3-4 ,4-5,900000-" });
    assert.equal(got.status, 206);
    const boundary = /^multipart\/byteranges; boundary=(\w{20,70})$/.exec(
      got.headers["content-type"] ?? "",
    )?.[1];
    assert.equal(got.headers["content-range"], undefined);
    assert.equal(got.headers.etag, `"${digest(bytes)}"`);
    const parts = [
      [size - 2, size - 1],
      [0, 1],
      [3, 5],
    ].map(([start = 0, end = 0]) => {
      const head = `--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${start}-${end}/${size}\r\n\r\n`;
      return `${head}${bytes.subarray(start, end + 1).toString()}\r\n`;
    });
    assert.equal(got.body.toString(), `\r\n${parts.join("")}--${boundary}--\r\n`);
    assert.equal(got.headers["content-length"], String(got.body.length));
    assert.equal(lines.at(-1)?.bytes, got.body.length);

    // What is left of several may be one, which is then no multipart; or nothing; or the header is none to follow.
    const one = await ask(url, path, { Range: "bytes=2-3,4-6,900000-" });
    assert.deepEqual([one.status, one.headers["content-range"]], [206, `bytes 2-6/${size}`]);
    assert.deepEqual(one.body, bytes.subarray(2, 7));
    const none = await ask(url, path, { Range: "bytes=900000-,900002-900003" });
    assert.deepEqual([none.status, none.headers["content-range"]], [416, `bytes */${size}`]);
    for (const headers of [
      { Range: "bytes=0-1,3-4", "If-Range": MADE },
      { Range: "bytes=0-1,4-3" },
      { Range: `bytes=${Array.from({ length: 300 }, (_, at) => `${at * 3}-${at * 3}`).join()}` },
    ]) {
      const whole = await ask(url, path, headers);
      assert.equal(whole.status, 200);
      assert.ok(whole.body.equals(bytes));
    }
    const head = await ask(url, path, { Range: "bytes=0-1,4-5" }, "HEAD");
    assert.deepEqual([head.status, head.headers["content-length"]], [200, String(size)]);
  }
});

test("an empty file has no parts", async (t) => {
  const { url } = await serve(t, await sampleStore());
  const path = "/debian/stable/dists/stable/main/empty";
  for (const [range, status, said] of [
    ["bytes=0-", 416, "bytes */0"],
    ["bytes=0-0,5-", 416, "bytes */0"],
    ["bytes=-5", 200, undefined],
  ] as const) {
    const got = await ask(url, path, { Range: range });
    assert.deepEqual([got.status, got.headers["content-range"]], [status, said], range);
  }
});

test("conditions: 304 only for exactly this file, 412 where it must be another", async (t) => {
  const { url } = await serve(t, await sampleStore());
  const etag = `"${digest(RELEASE)}"`;
  const same = await ask(url, ROOT_URL, { "If-None-Match": etag });
  assert.equal(same.status, 304);
  assert.equal(same.headers.etag, etag);
  assert.equal(same.headers["cache-control"], "no-cache");
  assert.equal((await ask(url, ROOT_URL, { "If-Modified-Since": MADE })).status, 304);
  assert.equal(
    (await ask(url, ROOT_URL, { "If-Modified-Since": "Sun, 01 Nov 2026 00:00:01 GMT" })).status,
    200,
  );
  assert.equal((await ask(url, ROOT_URL, { "If-Match": '"other"' })).status, 412);
  assert.equal((await ask(url, BIG_URL, { "If-None-Match": "*", Range: "bytes=0-0" })).status, 304);
});

test("across moves of a channel a client gets 200 where the bytes differ, and 304 where they do not", async (t) => {
  const store = await sampleStore();
  const root = (bytes: string) => ({ bytes, kind: "root" as const });
  const other = { "dists/other/InRelease": root("other"), "pool/x.deb": { bytes: "x" } };
  const [ONE, TWO, THREE] = [ID, "20261102T000000Z", "20261103T000000Z"];
  // The second changes nothing but another suite; the third goes on from there.
  await addSnapshot(store, "debian", TWO, { "dists/stable/InRelease": root(RELEASE), ...other });
  await addSnapshot(store, "debian", THREE, { "dists/stable/InRelease": root("third"), ...other });
  const { url } = await serve(t, store);
  const states = new Map<string, { etag: string; date: string; body: string }>();
  let held = { etag: "", date: "", body: "" };
  for (const id of [ONE, TWO, ONE, THREE, TWO, ONE, THREE, THREE]) {
    await point(store, "stable", { debian: id }, 0);
    const now = await ask(url, ROOT_URL);
    const state = {
      etag: now.headers.etag ?? "",
      date: now.headers["last-modified"] ?? "",
      body: now.body.toString(),
    };
    assert.deepEqual(states.get(id) ?? state, state, "the same place, the same validators");
    states.set(id, state);
    const wanted = held.body === state.body ? 304 : 200;
    for (const headers of [
      { "If-None-Match": held.etag || '""' },
      { "If-Modified-Since": held.date },
      { "If-None-Match": held.etag || '""', "If-Modified-Since": held.date },
    ]) {
      assert.equal((await ask(url, ROOT_URL, headers)).status, wanted, `${id} ${JSON.stringify(headers)}`);
    }
    held = state;
  }
  // Removal of the snapshot that had the bytes first changes nothing for those who have them.
  await point(store, "stable", { debian: TWO }, 0);
  await removeSnapshot(store, "debian", ONE);
  const fresh = await serve(t, store);
  assert.equal((await ask(fresh.url, ROOT_URL)).headers["last-modified"], MADE);
});

for (const path of [
  "/nothing",
  "/nothing/",
  "/debian/nothing/",
  "/debian/stable/nothing",
  "/debian/stable/pool/nothing/",
  "/debian/stable/pool/big.deb/",
  "/debian/stable/dists%2fstable%2fInRelease",
  "/debian/stable/pool/g%252b%252b_1:2~3.deb",
  "/debian/20261031T000000Z/",
  "/v2/",
  "/v2/debian/stable/x",
  "/_",
  "/_/",
  "/_/api/mirrors",
  "/_/healthz/",
  "/favicon.ico",
  "/constructor/",
  "/debian/__proto__/",
]) {
  test(`${path} is absent`, async (t) => {
    const { url } = await serve(t, await sampleStore());
    const got = await ask(url, path);
    assert.equal(got.status, 404);
    assert.equal(got.headers["cache-control"], "no-store");
  });
}

test("only GET and HEAD", async (t) => {
  const { url } = await serve(t, await sampleStore());
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const got = await ask(url, BIG_URL, {}, method);
    assert.deepEqual([got.status, got.headers.allow], [405, "GET, HEAD"]);
  }
});

test("folders have pages, and a folder without its slash leads to them by a relative address", async (t) => {
  const { url } = await serve(t, await sampleStore());
  for (const [path, wanted] of [
    ["/", /href="debian\/"/],
    ["/debian/", /href="stable\/"/],
    ["/debian/stable/", /href="pool\/"/],
    [`/debian/${ID}/pool/?C=M;O=D`, /href="g%2B%2B_1%3A2%7E3\.deb"/],
    ["/debian//stable/./pool/", /href="big\.deb"/],
  ] as const) {
    const got = await ask(url, path);
    assert.equal(got.status, 200, path);
    assert.equal(got.headers["content-type"], "text/html; charset=utf-8");
    assert.match(String(got.headers["content-security-policy"]), /^default-src 'none'; style-src 'sha256-/);
    assert.match(got.body.toString(), wanted);
    assert.equal((await ask(url, path, {}, "HEAD")).body.length, 0);
  }
  for (const [path, location] of [
    ["/debian", "debian/"],
    ["/debian/stable", "stable/"],
    [`/debian/${ID}`, `${ID}/`],
    ["//debian/stable/pool", "pool/"],
    ["/debian/stable/pool/a%3ab%20c", "a%3Ab%20c/"],
  ] as const) {
    const got = await ask(url, path);
    assert.deepEqual([got.status, got.headers.location], [301, location]);
  }
});

test("health, and metrics that count what was served", async (t) => {
  const clock = () => Date.UTC(2026, 10, 1, 1);
  const { url } = await serve(t, await sampleStore(), { clock });
  const health = await ask(url, "/_/healthz");
  assert.deepEqual([health.status, health.body.toString()], [200, "ok\n"]);
  await ask(url, BIG_URL);
  await ask(url, "/debian/stable/nothing");
  const page = await ask(url, "/_/metrics");
  assert.match(String(page.headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  const text = page.body.toString();
  assert.match(text, /^sluice_http_requests_total\{mirror="debian",kind="package",status="200"\} 1$/m);
  assert.match(text, /^sluice_http_requests_total\{mirror="debian",kind="none",status="404"\} 1$/m);
  assert.match(text, /^sluice_http_sent_bytes_total\{mirror="debian",kind="package"\} 300000$/m);
  assert.match(text, /^sluice_snapshot_age_seconds\{mirror="debian",channel="stable"\} 3600$/m);
  assert.match(text, /^sluice_http_requests_in_flight 1$/m);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
});

test("each request leaves one line in the log", async (t) => {
  const { url, lines } = await serve(t, await sampleStore());
  await ask(url, `${BIG_URL}?token=secret`, { "User-Agent": "Debian APT", Range: "bytes=0-9" });
  await ask(url, "/nothing");
  const [first, second] = lines;
  assert.ok(first !== undefined && second !== undefined && lines.length === 2);
  const { mirror, at, status, bytes, target, agent, method, remote, complete } = first;
  assert.deepEqual(
    { mirror, at, status, bytes, target, agent, method, remote, complete },
    {
      mirror: "debian",
      at: "stable",
      status: 206,
      bytes: 10,
      target: BIG_URL,
      agent: "Debian APT",
      method: "GET",
      remote: "127.0.0.1",
      complete: true,
    },
  );
  assert.deepEqual([second.status, second.mirror, second.target], [404, "", "/nothing"]);
});

test("a taken address is named", async (t) => {
  const { url } = await serve(t, await sampleStore());
  const port = Number(new URL(url).port);
  await assert.rejects(serve(t, await sampleStore(), { listen: { host: "127.0.0.1", port } }), {
    code: "address_in_use",
    message: new RegExp(`127\\.0\\.0\\.1:${port} .*--listen`),
  });
  await assert.rejects(serve(t, await sampleStore(), { listen: { host: "192.0.2.1", port: 0 } }), {
    code: "address_unusable",
  });
});
