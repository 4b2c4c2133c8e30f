import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import { snapshotTime } from "../base/names.ts";
import { amendSnapshot, readSnapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { memoryStore, type MemoryStore } from "../store/memory.ts";
import { checkHost, wishesOf } from "./setup.ts";
import { addSnapshot, ask, author, point, serve } from "./site.test-helper.ts";

const OLD = "20261101T000000Z";
const NEW = "20261108T000000Z";

// Listed, and empty: apt does not ask for it.
const PACKAGES = `${sha256(new Uint8Array())} 0 main/binary-amd64/Packages`;

async function suiteStore(): Promise<MemoryStore> {
  const store = memoryStore();
  for (const [id, day] of [
    [OLD, "01"],
    [NEW, "08"],
  ] as const) {
    const release = `Suite: stable\nLabel: Made on ${day}\nDate: Sun, ${day} Nov 2026 00:00:00 UTC\nComponents: main\nArchitectures: amd64\nSHA256:\n ${PACKAGES}\n`;
    await addSnapshot(store, "debian", id, { "dists/stable/Release": { bytes: release, kind: "root" } });
    const snapshot = await readSnapshot(store, "debian", id);
    const options = { suites: ["stable"], architectures: ["amd64"], mode: "verbatim" } as const;
    await amendSnapshot(store, author, snapshot, { body: { ...snapshot.body, options }, why: "test", at: 0 });
  }
  await point(store, "stable", { debian: NEW }, snapshotTime(NEW));
  return store;
}

const text = async (url: string, path: string, headers: Record<string, string> = {}): Promise<string> => {
  const reply = await ask(url, path, headers);
  assert.equal(reply.status, 200, `${path}: ${reply.body.toString()}`);
  assert.equal(reply.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(reply.headers["cache-control"], "no-store");
  return reply.body.toString();
};

test("a set-up names the host that it was asked by, or the config's", async (t: TestContext) => {
  const store = await suiteStore();
  const { url } = await serve(t, store);
  assert.match(await text(url, "/_/setup/debian/stable"), /^#!\/bin\/sh\n/);
  assert.match(
    await text(url, "/_/setup/debian/stable/sources"),
    new RegExp(`^URIs: ${url}/debian/stable/$`, "m"),
  );
  const elsewhere = await text(url, "/_/setup/debian/stable/deb822", { Host: "deb.example.org:81" });
  assert.match(elsewhere, /^URIs: http:\/\/deb\.example\.org:81\/debian\/stable\/$/m);
  const behind = await serve(t, store, { url: "https://deb.example.org/sluice" });
  const list = await text(behind.url, "/_/setup/debian/stable/list", { Host: "other.example.org" });
  assert.match(list, /\] https:\/\/deb\.example\.org\/sluice\/debian\/stable\/ stable main$/m);
});

test("a set-up is that of the snapshot which the channel has, or of a time", async (t: TestContext) => {
  const { url } = await serve(t, await suiteStore());
  assert.match(await text(url, "/_/setup/debian/stable/conf"), /Label::Made%20on%2008 /);
  assert.match(
    await text(url, `/_/setup/debian/${OLD}/sources`),
    new RegExp(`^URIs: .*/debian/${OLD}/$`, "m"),
  );
  const pinned = await text(url, "/_/setup/debian/stable/sources?snapshot=20261104T000000Z");
  assert.match(pinned, /^Snapshot: 20261104T000000Z$/m);
  assert.match(await text(url, "/_/setup/debian/stable/conf?snapshot=20261104T000000Z"), /Made%20on%2001/);
});

test("what a set-up may be asked for", async (t: TestContext) => {
  const { url } = await serve(t, await suiteStore());
  const there = "/_/setup/debian/stable";
  const mirrors = await text(url, `${there}/mirrors?fallback=https://deb.example.org/debian/`);
  assert.equal(mirrors, `${url}/debian/stable/\tpriority:1\nhttps://deb.example.org/debian/\tpriority:2\n`);
  for (const path of ["/_/setup", "/_/setup/debian", "/_/setup/other/stable", "/_/setup/debian/other"])
    assert.equal((await ask(url, path)).status, 404, path);
  for (const path of ["/refresh", "/other", "/sources/more", "/", "?snapshot=20200101T000000Z"])
    assert.equal((await ask(url, there + path)).status, 404, path);
  const said = async (path: string): Promise<string> => (await ask(url, path)).body.toString();
  assert.match(
    await said(`${there}/nope`),
    /^There is no format 'nope' here, but deb822, list, .*script\.\n$/,
  );
  assert.equal(await said("/_/setup/debian/other"), "There is no mirror 'debian' with a channel 'other'.\n");
  assert.match(await said(`${there}?snapshot=20200101T000000Z`), /^'debian' has no snapshot that is as old/);
  for (const query of ["valid-for=soon", "snapshot=stable", "other=1", "fallback=ftp://deb.example.org/"])
    assert.equal((await ask(url, `${there}?${query}`)).status, 400, query);
  const refused = await ask(url, there, { Host: "deb.example.org'" });
  assert.deepEqual([refused.status, refused.body.toString().includes("'")], [400, false]);
});

test("a snapshot is read once, however many ask, and by whatever name of the host", async (t: TestContext) => {
  const store = await suiteStore();
  let reads = 0;
  const counting: ReadStore = new Proxy(store, {
    get(target, key, receiver) {
      if (key === "readBlob") reads++;
      const value: unknown = Reflect.get(target, key, receiver);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const { url } = await serve(t, counting);
  await text(url, "/_/setup/debian/stable");
  const first = reads;
  assert.ok(first > 0);
  for (const host of ["a.example.org", "b.example.org"])
    await text(url, "/_/setup/debian/stable", { Host: host });
  assert.equal(reads, first);
});

for (const host of [
  "a",
  "deb.example.org",
  "deb.example.org.",
  "deb.example.org:8080",
  "127.0.0.1:1",
  "[::1]:80",
])
  test(`the host ${host} is taken`, () => assert.equal(checkHost(host), host));

for (const host of [
  undefined,
  "",
  "a b",
  "a'b",
  "$(x)",
  "a/b",
  "user@host",
  "-a",
  "a..b",
  "a:b",
  "a:123456",
  "::1",
  "[::g]",
  "[:::]",
  "a\nb",
  "ä",
  `${"a.".repeat(130)}a`,
])
  test(`the host ${JSON.stringify(host)} is not`, () =>
    assert.throws(
      () => checkHost(host),
      (error) => error instanceof SluiceError && error.code === "usage",
    ));

test("wishes of a query", () => {
  assert.deepEqual(wishesOf("valid-for=2d&fallback=http://a.example.org/x&fallback=http://b.example.org"), {
    validForMs: 2 * 86_400_000,
    fallback: ["http://a.example.org/x", "http://b.example.org"],
    snapshot: undefined,
    exclude: false,
  });
  assert.equal(wishesOf("exclude").exclude, true);
  assert.throws(() => wishesOf("exclude&fallback=http://a.example.org"), /nothing to exclude/);
  for (const fallback of [
    "http://u:p@a.example.org",
    "http://a.example.org/?x",
    "http://a.example.org/'",
    "a",
    "http://a.example.org/%0a b",
  ])
    assert.throws(() => wishesOf(new URLSearchParams({ fallback }).toString()), SluiceError, fallback);
  assert.throws(() => wishesOf("valid-for=0d"), SluiceError);
  assert.throws(() => wishesOf("snapshot=20261104T000000Z&fallback=http://a.example.org"), SluiceError);
});
