import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { BIG, RELEASE, ask, sampleStore, serve, talk } from "./site.test-helper.ts";

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const last = (path: string) => get(path, "Connection: close\r\n");
const ROOT_URL = "/debian/stable/dists/stable/InRelease";

/** Status and body of each answer in a row of them, by their Content-Length. */
function answers(text: string): { status: number; body: string }[] {
  const found = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n") + 4;
    const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
    found.push({ status: Number(rest.slice(9, 12)), body: rest.slice(end, end + length) });
    rest = rest.slice(end + length);
  }
  return found;
}

test("pipelined requests are answered in their order, whatever each takes", async (t) => {
  const store = await sampleStore();
  const { url } = await serve(t, store);
  const big = "/debian/stable/pool/big.deb";
  const paths = [big, ROOT_URL, "/nothing", big, "/%zz", ROOT_URL, "/debian", big, "/_/healthz"];
  const got = answers(await talk(url, paths.map((path) => get(path)).join("") + last(ROOT_URL)));
  assert.deepEqual(
    got.map(({ status }) => status),
    [200, 200, 404, 200, 400, 200, 301, 200, 200, 200],
  );
  assert.ok([0, 3, 7].every((at) => got[at]?.body === BIG.toString("latin1")));
  assert.ok([1, 5, 9].every((at) => got[at]?.body === RELEASE));
});

for (const [what, text, wanted] of [
  ["HTTP/1.0", `GET ${ROOT_URL} HTTP/1.0\r\n\r\n`, /^HTTP\/1\.1 200 .*Suite: stable\n$/s],
  ["HTTP/1.0, a folder", `GET /debian/stable/ HTTP/1.0\r\n\r\n`, /^HTTP\/1\.1 200 .*\n<body>.*<\/html>\n$/s],
  ["the absolute form", last(`http://x${ROOT_URL}`), /^HTTP\/1\.1 200 .*Suite: stable\n$/s],
  ["no request at all", "what is this\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["no Host", `GET ${ROOT_URL} HTTP/1.1\r\n\r\n`, /^HTTP\/1\.1 400 /],
  [
    "two lengths",
    last(ROOT_URL).replace("Host", "Content-Length: 0\r\nContent-Length: 5\r\nHost"),
    /^HTTP\/1\.1 400 /,
  ],
  ["long headers", last(ROOT_URL).replace("Host", `X: ${"a".repeat(17_000)}\r\nHost`), /^HTTP\/1\.1 431 /],
  ["a long target", last(`/${"a".repeat(9000)}`), /^HTTP\/1\.1 414 /],
  ["a path upwards", last("/debian/stable/../../etc/passwd"), /^HTTP\/1\.1 400 /],
  ["a raw control character", last("/debian/stable/a\u0001b"), /^HTTP\/1\.1 400 /],
  ["a body", get(ROOT_URL, "Content-Length: 4\r\n") + last("/x"), /^HTTP\/1\.1 400 (?!.*HTTP)/s],
  [
    "a chunked body",
    get(ROOT_URL, "Transfer-Encoding: chunked\r\n") + last("/x"),
    /^HTTP\/1\.1 400 (?!.*HTTP)/s,
  ],
  [
    "a body announced",
    `POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`,
    /^HTTP\/1\.1 405 (?!.*HTTP)/s,
  ],
  [
    "an offer to upgrade",
    get(ROOT_URL, "Connection: Upgrade, close\r\nUpgrade: h2c\r\n"),
    /^HTTP\/1\.1 200 /,
  ],
] as const) {
  test(`${what}: one answer and an end`, async (t) => {
    const { url } = await serve(t, await sampleStore());
    assert.match(await talk(url, text), wanted);
  });
}

test("a connection that asks without end is ended", async (t) => {
  const store = await sampleStore();
  store.refVersions = () => new Promise(() => undefined);
  const { url, lines } = await serve(t, store);
  assert.equal(await talk(url, get(ROOT_URL).repeat(1100)), "");
  assert.ok(lines.length > 1000 && lines.every((line) => !line.complete));
});

test("close lets a running answer end, then the connections", async (t) => {
  const store = await sampleStore();
  const { statBlob } = store;
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  store.statBlob = async (sha256) => {
    asked.resolve();
    await go.promise;
    return statBlob(sha256);
  };
  const { url, server } = await serve(t, store);
  const idle = connect(Number(new URL(url).port), "127.0.0.1");
  await once(idle, "connect");
  const running = talk(url, get("/debian/stable/pool/big.deb"));
  await asked.promise;
  const closed = server.close();
  go.resolve();
  assert.ok((await running).endsWith(BIG.toString("latin1").slice(-100)));
  idle.resume();
  if (!idle.closed) await once(idle, "close");
  await closed;
  await assert.rejects(ask(url, "/"), { code: "ECONNREFUSED" });
});

test("an address of IPv6 stands in brackets", async (t) => {
  const started = await serve(t, await sampleStore(), { listen: { host: "::1", port: 0 } }).catch(
    () => undefined,
  );
  if (started === undefined) return t.skip("this host has no IPv6");
  assert.match(started.url, /^http:\/\/\[::1\]:\d+$/);
});
