import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { aptClient, aptSource, clean } from "../clients/apt.ts";
import { needs } from "../needs.ts";
import { folderSite, nginxServer } from "../servers/nginx.ts";
import { staticServer } from "../servers/static.ts";
import { Cleanup } from "../temp.ts";
import { aptRepository } from "./apt.ts";
import type { AptShape } from "./apt-spec.ts";
import { payloadPath } from "./deb.ts";
import { openKeys } from "./gpg.ts";
import type { KeyStore, SigningKey } from "./gpg.ts";

const skip = needs("apt-get", "apt-ftparchive", "dpkg-deb", "gpg", "xz", "zstd", "lz4", "bzip2", "nginx");
const PACKAGES = [
  { name: "base", version: "1:1.0+dfsg~rc1-1" },
  { name: "tool", version: "2.0-1", depends: "base (>= 1:1.0)" },
  { name: "doc", version: "2.0-1", arch: "all", section: "doc" },
];
const SOURCES: Record<AptShape, { suite: string; components: string }> = {
  debian: { suite: "trixie", components: "main" },
  ubuntu: { suite: "noble", components: "main" },
  security: { suite: "trixie-security", components: "main contrib" },
};

suite("the apt upstreams of the tests, seen by the real apt", { skip }, () => {
  const cleanup = new Cleanup();
  let keys: KeyStore;
  let vendor: SigningKey;
  before(async () => {
    keys = cleanup.use(await openKeys());
    vendor = await keys.create("Vendor <vendor@example.org>");
  });
  after(async () => await cleanup.run());

  for (const shape of ["debian", "ubuntu", "security"] as const) {
    test(`${shape}: update and install without a word of complaint, by http, nginx and file`, async () => {
      const upstream = cleanup.use(
        await aptRepository(keys, { shape, packages: PACKAGES, signWith: [vendor] }),
      );
      const server = cleanup.use(await staticServer(upstream.root));
      const nginx = cleanup.use(await nginxServer(folderSite(upstream.root)));
      const { suite, components } = SOURCES[shape];
      for (const url of [server.url, nginx.url, `file://${upstream.root}`]) {
        const apt = cleanup.use(await aptClient());
        await apt.source(aptSource(url, suite, components, vendor.armoured));
        clean(await apt.update());
        clean(await apt.install("tool", "doc"));
        deepEqual(await apt.installed(), { base: "1:1.0+dfsg~rc1-1", tool: "2.0-1", doc: "2.0-1" });
        await access(join(apt.root, payloadPath("tool")));
      }
      const indices = server.requests.filter(({ path }) => /Packages|by-hash/.test(path));
      ok(
        indices.length > 0 && indices.every(({ path }) => path.includes("/by-hash/SHA256/")),
        "by-hash is used",
      );
      ok((await nginx.log()).some((line) => line.startsWith("200 GET /pool/")));
    });
  }

  test("one state follows another in place, and every compression is understood", async () => {
    for (const form of ["xz", "gz", "bz2", "zst", "lz4"] as const) {
      const upstream = cleanup.use(
        await aptRepository(keys, {
          packages: PACKAGES,
          signWith: [vendor],
          compressions: [form],
          byHash: false,
        }),
      );
      const server = cleanup.use(await staticServer(upstream.root));
      const apt = cleanup.use(await aptClient());
      await apt.source(aptSource(server.url, "trixie", "main", vendor.armoured));
      clean(await apt.update());
      await upstream.publish({ packages: [{ name: "base", version: "2:3" }] });
      clean(await apt.update());
      equal(await apt.candidate("base"), "2:3");
      equal(await apt.candidate("tool"), "(none)");
      ok(server.requests.some(({ path }) => path.endsWith(`/Packages.${form}`)));
    }
  });

  test("the host's apt configuration does not leak: expiry, keys and dates are judged", async () => {
    const day = 24 * 3600_000;
    const other = await keys.create("Other <other@example.org>");
    const old = await keys.create("Old <old@example.org>", {
      created: Date.now() - 30 * day,
      expires: "10d",
    });
    const cases = [
      {
        change: { date: Date.now() - 9 * day, validUntil: Date.now() - 2 * day },
        signer: vendor,
        says: /is expired/,
      },
      { change: { date: Date.now() + 2 * day }, signer: vendor, says: /is not valid yet/ },
      { change: {}, signer: other, says: /NO_PUBKEY/ },
      { change: { signWith: [old] }, signer: old, says: /EXPKEYSIG/ },
    ];
    const upstream = cleanup.use(await aptRepository(keys, { packages: PACKAGES, signWith: [vendor] }));
    for (const { change, signer, says } of cases) {
      const bad = cleanup.use(await upstream.fork());
      await bad.publish(change);
      const apt = cleanup.use(await aptClient());
      await apt.source(aptSource(`file://${bad.root}`, "trixie", "main", signer.armoured));
      const ran = await apt.update();
      notEqual(ran.code, 0);
      match(ran.complaints.join("\n"), says);
    }
  });

  test("the static server records, revalidates, resumes and goes wrong as told", async () => {
    const upstream = cleanup.use(await aptRepository(keys, { packages: PACKAGES, signWith: [vendor] }));
    const server = cleanup.use(await staticServer(upstream.root));
    const url = `${server.url}/dists/trixie/InRelease`;
    const whole = await fetch(url);
    const body = Buffer.from(await whole.arrayBuffer());
    const etag = whole.headers.get("etag") ?? "";
    equal((await fetch(url, { headers: { "if-none-match": etag } })).status, 304);
    const part = await fetch(url, { headers: { range: "bytes=10-", "if-range": etag } });
    equal(part.status, 206);
    deepEqual(Buffer.from(await part.arrayBuffer()), body.subarray(10));
    server.onRequest = ({ n }) => (n === 4 ? { status: 503 } : n === 5 ? "truncate" : "reset");
    equal((await fetch(url)).status, 503);
    const cut = await fetch(url);
    await cut.arrayBuffer().then(
      () => ok(false, "the body is cut"),
      () => undefined,
    );
    await fetch(url).then(
      () => ok(false, "the connection is reset"),
      () => undefined,
    );
    deepEqual(
      server.requests.map(({ n, status, bytes }) => [n, status, bytes]),
      [
        [1, 200, body.length],
        [2, 304, 0],
        [3, 206, body.length - 10],
        [4, 503, 0],
        [5, 200, Math.floor(body.length / 2)],
        [6, 0, 0],
      ],
    );
  });
});
