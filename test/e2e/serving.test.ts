import assert from "node:assert/strict";
import { readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { snapshotTime } from "../../src/base/names.ts";
import { startServer } from "../../src/serve/server.ts";
import { addSnapshot, ask, digest, point } from "../../src/serve/site.test-helper.ts";
import {
  openDirectoryReader,
  openDirectoryStore,
  type DirectoryStore,
} from "../../src/store/directory/open.ts";
import { needs } from "../needs.ts";
import { nginxServer } from "../servers/nginx.ts";
import { Cleanup } from "../temp.ts";

const [OLD, NEW] = ["20261101T000000Z", "20261102T000000Z"];
const BIG = Buffer.alloc(300_000, "0123456789abcdef");
const INDEX = "index of old";
const BY_HASH = `dists/stable/by-hash/SHA256/${digest(INDEX)}`;

const FILES = {
  "dists/stable/InRelease": { bytes: "new", kind: "root" },
  "pool/a b/g++_1:2~3.deb": { bytes: "small" },
  "pool/big.deb": { bytes: BIG },
} as const;

/** `debian` with two snapshots; `stable` points to the newer, the older has grace there. Trees included. */
async function fill(root: string): Promise<DirectoryStore> {
  const store = await openDirectoryStore(root);
  const old = {
    "dists/old/InRelease": { bytes: "old", kind: "root" as const },
    "pool/left.deb": { bytes: "left" },
    [BY_HASH]: { bytes: INDEX, kind: "metadata" as const },
  };
  await addSnapshot(store, "debian", OLD, old);
  await addSnapshot(store, "debian", NEW, FILES);
  for (const [id, files] of [
    [OLD, old],
    [NEW, FILES],
  ] as const) {
    const named = Object.entries<{ bytes: string | Buffer; kind?: string }>(files);
    const tree = named.map(([path, { bytes, kind }]) => {
      const file = { path, sha256: digest(bytes) };
      return kind === "root" ? { ...file, mtime: snapshotTime(id) } : file;
    });
    await store.trees.createTree("debian", id, tree);
    if (id === OLD) {
      await store.trees.setGrace(
        "debian",
        "stable",
        tree.filter((file) => !("mtime" in file)),
      );
    }
  }
  const now = Date.now();
  await point(store, "stable", { debian: OLD }, now);
  await point(store, "stable", { debian: NEW }, now);
  await store.trees.setChannel("stable", 2, { debian: NEW });
  return store;
}

/** The server block of the guide, for this data directory. */
async function recipe(data: string): Promise<string> {
  const guide = await readFile(new URL("../../docs/guide/serve.md", import.meta.url), "utf8");
  const block = /```nginx\nserver \{\n(.*?)\n\}\n```/s.exec(guide)?.[1] ?? "";
  assert.match(block, /root \/var\/lib\/sluice\/trees;/);
  return block.replaceAll(/ *(listen|server_name) .*\n/g, "").replace("/var/lib/sluice", data);
}

describe(
  "one directory store, served by Sluice and by nginx as the guide says",
  { skip: needs("nginx") },
  () => {
    const cleanup = new Cleanup();
    const urls: Record<string, string> = {};
    let data = "";

    before(async () => {
      data = join(await cleanup.folder("serving"), "data");
      await fill(data);
      const store = await openDirectoryReader(data);
      const listen = { host: "127.0.0.1", port: 0 };
      const server = await startServer({ store, listen, graceMs: 3_600_000, freshMs: 0 });
      cleanup.use({ [Symbol.asyncDispose]: () => server.close() });
      const nginx = cleanup.use(await nginxServer(await recipe(data)));
      Object.assign(urls, { sluice: server.url, nginx: nginx.url });
    });
    after(() => cleanup.run());

    const YEAR = "public, max-age=31536000, immutable";
    const DAY = "public, max-age=86400";

    for (const name of ["sluice", "nginx"]) {
      for (const [path, bytes, cache] of [
        ["stable/dists/stable/InRelease", "new", "no-cache"],
        ["stable/pool/a%20b/g%2b%2b_1%3a2%7e3.deb", "small", DAY],
        ["stable/pool/a%20b/g++_1:2~3.deb", "small", DAY],
        ["stable//pool/./big.deb", BIG, DAY],
        ["stable/pool/left.deb", "left", DAY],
        [`stable/${BY_HASH}`, INDEX, YEAR],
        [`${OLD}/pool/left.deb`, "left", YEAR],
        [`${NEW}/dists/stable/InRelease`, "new", YEAR],
      ] as const) {
        test(`${name}: ${path.slice(0, 60)} is there`, async () => {
          const got = await ask(urls[name] ?? "", `/debian/${path}`);
          assert.equal(got.status, 200);
          assert.deepEqual(got.body, Buffer.from(bytes));
          assert.equal(got.headers["cache-control"], cache);
          assert.equal(got.headers["x-content-type-options"], "nosniff");
        });
      }

      for (const path of [
        "/nothing",
        "/debian/stable/nothing",
        "/debian/stable/dists/old/InRelease",
        "/debian/.grace/stable/pool/left.deb",
        "/debian/%2egrace/stable/pool/left.deb",
        "/debian/.grace/",
        "/.channels/",
        "/.channels/stable/debian/pool/big.deb",
        "/debian/stable/pool/g%252b%252b_1:2~3.deb",
        `/debian/${NEW}/pool/left.deb`,
      ]) {
        test(`${name}: ${path} is absent`, async () =>
          assert.equal((await ask(urls[name] ?? "", path)).status, 404));
      }

      test(`${name}: a folder has a page, and its name without a slash leads there`, async () => {
        const url = urls[name] ?? "";
        for (const path of ["/", "/debian/", "/debian/stable/", "/debian/stable/pool/"]) {
          const got = await ask(url, path);
          assert.deepEqual(
            [got.status, String(got.headers["content-type"]).startsWith("text/html")],
            [200, true],
          );
        }
        const got = await ask(url, "/debian/stable/pool");
        const to = new URL(got.headers.location ?? "", `${url}/debian/stable/pool`).href;
        assert.deepEqual([got.status, to], [301, `${url}/debian/stable/pool/`]);
      });

      test(`${name}: a part, and the date that apt resumes by, which a promote does not change`, async () => {
        const url = urls[name] ?? "";
        const whole = await ask(url, "/debian/stable/pool/big.deb");
        const date = whole.headers["last-modified"] ?? "";
        const part = await ask(url, `/debian/${NEW}/pool/big.deb`, {
          Range: "bytes=299990-",
          "If-Range": date,
        });
        assert.deepEqual([part.status, part.body], [206, BIG.subarray(299_990)]);
        const root = await ask(url, "/debian/stable/dists/stable/InRelease");
        assert.equal(root.headers["last-modified"], "Mon, 02 Nov 2026 00:00:00 GMT");
        const earlier = { "If-Modified-Since": "Tue, 03 Nov 2026 00:00:00 GMT" };
        assert.equal((await ask(url, "/debian/stable/dists/stable/InRelease", earlier)).status, 200);
      });
    }

    test("a file that is cut, or gone, under the running server is not sent", async () => {
      const sha256 = digest(BIG);
      const file = join(data, "blobs/sha256", sha256.slice(0, 2), sha256.slice(2));
      await truncate(file, 1000);
      assert.equal((await ask(urls["sluice"] ?? "", "/debian/stable/pool/big.deb")).status, 503);
      await rm(file);
      assert.equal((await ask(urls["sluice"] ?? "", "/debian/stable/pool/big.deb")).status, 503);
    });
  },
);
