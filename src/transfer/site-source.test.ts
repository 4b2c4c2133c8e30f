import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { findChannel } from "../channel/channels.ts";
import { startServer } from "../serve/server.ts";
import { readSnapshot } from "../snapshot/snapshots.ts";
import { httpTransport } from "../upstream/http/transport.ts";
import type { AskedSource } from "./contract.ts";
import { siteSource } from "./site-source.ts";
import { goOn, siteRig, takes, trusts, type SiteRig } from "./sites.test-helper.ts";

/** A site served over HTTP through a proxy that writes down what it is asked, and may be told to answer by itself. */
interface Offered {
  readonly url: string;
  asked: string[];
  /** True where it has answered. */
  before: (request: IncomingMessage, response: Parameters<RequestListener>[1]) => boolean;
}

async function offer(t: TestContext, { site }: SiteRig): Promise<Offered> {
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await startServer({ store: site.store, listen, graceMs: 0, freshMs: 0 });
  const offered: Offered = { url: "", asked: [], before: () => false };
  const proxy = createServer((request, response) => {
    offered.asked.push(request.url ?? "");
    if (offered.before(request, response)) return;
    const headers = Object.entries(request.headers).filter(
      ([name]) => name !== "host" && name !== "connection",
    );
    void fetch(`${server.url}${request.url}`, { headers: headers as [string, string][] }).then(
      async (reply) => {
        const body = Buffer.from(await reply.arrayBuffer());
        const range = reply.headers.get("content-range");
        response.writeHead(reply.status, {
          "content-length": body.length,
          ...(range !== null && { "content-range": range }),
        });
        response.end(body);
      },
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await server.close();
  });
  return Object.assign(offered, { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/` });
}

async function open(t: TestContext, to: SiteRig, { url }: { url: string }): Promise<AskedSource> {
  const transport = httpTransport({ url, proxyEnv: {}, sleep: async () => undefined });
  t.after(async () => transport.close());
  const emit = () => undefined;
  const { signal } = new AbortController();
  return siteSource(to.site, { name: "the site", transport, lanes: 4 }, {}, { emit, signal });
}

async function pair(
  t: TestContext,
): Promise<{ outer: SiteRig; inner: SiteRig; offered: Offered; id: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, { a: "a one", b: "b" });
  await trusts(inner, outer);
  return { outer, inner, offered: await offer(t, outer), id };
}

const blobsOf = (asked: readonly string[]): string[] =>
  asked.filter((path) => path.includes("/blobs/")).toSorted();

test("a pull brings what is missing, once; again, it asks for no file and no old record", async (t) => {
  const { outer, inner, offered, id } = await pair(t);
  const done = await takes(inner, await open(t, inner, offered));
  assert.deepEqual([done.result, done.snapshots, done.files], ["imported", [`toy@${id}`], 4]);
  assert.deepEqual((await findChannel(inner.site.store, "stable"))?.body.mirrors, { toy: id });
  assert.equal(new Set(offered.asked).size, offered.asked.length, "nothing is asked for twice");
  // Four files and the manifest.
  assert.equal(blobsOf(offered.asked).length, 5);
  const [imported] = await inner.site.store.listRefs("imports/");
  assert.match(String(await inner.site.store.readRef(imported ?? "", 1)), /"kind": "site"/);

  offered.asked = [];
  assert.equal((await takes(inner, await open(t, inner, offered))).result, "unchanged");
  assert.deepEqual(blobsOf(offered.asked), []);

  await goOn(outer, { a: "a two", b: "b" });
  offered.asked = [];
  await takes(inner, await open(t, inner, offered));
  // The new file, the index and the root that list it, and the manifest.
  assert.equal(blobsOf(offered.asked).length, 4);
  assert.deepEqual(
    offered.asked.filter((path) => path.endsWith("/channels/stable/1.json")),
    [],
    "what is known is not sent again",
  );
});

test("a dry run asks for no file", async (t) => {
  const { inner, offered, id } = await pair(t);
  const done = await takes(inner, await open(t, inner, offered), { dryRun: true });
  assert.deepEqual([done.result, done.snapshots, done.files], ["planned", [`toy@${id}`], 4]);
  assert.equal(blobsOf(offered.asked).length, 1, "the manifest alone");
  assert.equal(inner.site.store.blobs.size, 0);
});

test("a large file that breaks off goes on where it stopped, in this run and in the next", async (t) => {
  const { outer, inner, offered } = await pair(t);
  const large = "0123456789".repeat(60_000);
  await goOn(outer, { a: "a one", b: "b", large });
  const ranges: (string | undefined)[] = [];
  const cutAt = (bytes: number, times: number) => {
    let left = times;
    offered.before = (request, response) => {
      const blob = [...outer.site.store.blobs].find(([sha256]) => request.url?.endsWith(sha256));
      if (blob?.[1].bytes.length !== large.length) return false;
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      ranges.push(request.headers.range);
      if (left-- <= 0) return false;
      const range = { "content-range": `bytes ${start}-${large.length - 1}/${large.length}` };
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": large.length - start,
        ...(start > 0 && range),
      });
      response.write(large.slice(start, start + bytes), () => response.destroy());
      return true;
    };
  };
  cutAt(100_000, 99);
  await assert.rejects(takes(inner, await open(t, inner, offered)), { code: "upstream_unreachable" });
  assert.equal(await findChannel(inner.site.store, "stable"), undefined);
  assert.deepEqual(ranges, [undefined, "bytes=100000-", "bytes=200000-", "bytes=300000-"]);
  ranges.length = 0;
  offered.asked = [];
  cutAt(50_000, 1);
  await takes(inner, await open(t, inner, offered));
  assert.deepEqual(ranges, ["bytes=400000-", "bytes=450000-"]);
});

test("what the other site has lost, or has altered, is counted, and nothing is published", async (t) => {
  const { outer, inner, offered } = await pair(t);
  const named = (text: string) =>
    [...outer.site.store.blobs].find(([, { bytes }]) => String(bytes) === text)?.[0];
  offered.before = (request, response) => {
    const path = request.url ?? "";
    if (path.endsWith(`/${named("a one")}`)) response.writeHead(404).end();
    else if (path.endsWith(`/${named("b")}`)) response.end("c");
    else return false;
    return true;
  };
  await assert.rejects(takes(inner, await open(t, inner, offered)), (error: Error & { code?: string }) => {
    assert.equal(error.code, "import_incomplete");
    assert.match(
      error.message,
      /^2 files are missing\. The site no longer has 1 of them.* sends other bytes for 1/,
    );
    return true;
  });
  assert.equal(await findChannel(inner.site.store, "stable"), undefined);
  offered.before = () => false;
  assert.equal((await takes(inner, await open(t, inner, offered))).files, 2);
});

test("an altered record, an older state and what is no Sluice are refused by name", async (t) => {
  const { outer, inner, offered } = await pair(t);
  await takes(inner, await open(t, inner, offered));
  await goOn(outer, { a: "a two" });
  offered.before = (request, response) => {
    if (request.url?.endsWith("/channels/stable/2.json") !== true) return false;
    void outer.site.store.readRef("channels/stable", 2).then((bytes) => {
      response.end(String(bytes).replace("root@test", "root@tesu"));
    });
    return true;
  };
  await assert.rejects(takes(inner, await open(t, inner, offered)), { code: "sender_forged" });
  offered.before = () => false;
  await takes(inner, await open(t, inner, offered));
  // As a cache on the way, or a restored backup, would have it.
  offered.before = (request, response) => {
    if (request.url?.includes("refs?prefix=channels") !== true) return false;
    response.end(JSON.stringify({ refs: [{ name: "channels/stable", versions: [[1, 1]] }] }));
    return true;
  };
  await assert.rejects(takes(inner, await open(t, inner, offered)), { code: "replayed" });
  offered.before = (_request, response) => {
    response.writeHead(404).end();
    return true;
  };
  await assert.rejects(open(t, inner, offered), {
    code: "store_foreign",
    message: /has no \/_\/store\/v1\//,
  });
  offered.before = (_request, response) => {
    response.end(JSON.stringify({ versions: [] }));
    return true;
  };
  await assert.rejects(open(t, inner, offered), { code: "store_foreign", message: /holds nothing yet/ });
});

test("of a manifest that does not end, no more is read than its record says", async (t) => {
  const { outer, inner, offered, id } = await pair(t);
  const { manifest } = (await readSnapshot(outer.site.store, "toy", id)).body;
  let sent = 0;
  offered.before = (request, response) => {
    if (request.url?.endsWith(manifest.sha256) !== true) return false;
    const endless = function* (): Generator<Buffer> {
      for (const chunk = Buffer.alloc(2 ** 20); sent < 64; sent++) yield chunk;
    };
    Readable.from(endless()).pipe(response);
    return true;
  };
  await assert.rejects(takes(inner, await open(t, inner, offered)), { code: "blob_corrupt" });
  assert.ok(sent < 32, `${sent} MiB`);
});

test("a stranger, and the site itself, are refused", async (t) => {
  const { outer, offered } = await pair(t);
  const stranger = await siteRig();
  await assert.rejects(open(t, stranger, offered), {
    code: "sender_untrusted",
    message: /^The site is the site [0-9A-F]{40}, which this one does not trust: /,
  });
  await assert.rejects(open(t, outer, offered), {
    code: "sender_untrusted",
    message: /^The site is this very site/,
  });
  assert.ok(
    offered.asked.every((path) => /\/refs\/identity(\/|$)/.test(path)),
    "nothing but its keys is asked for before it is trusted",
  );
});

test("three sites in a row: what the first has signed is checked by the last", async (t) => {
  const { outer, inner: middle, offered, id } = await pair(t);
  const last = await siteRig();
  await trusts(last, middle);
  await takes(middle, await open(t, middle, offered));
  const second = await offer(t, middle);
  offered.asked = [];
  assert.deepEqual((await takes(last, await open(t, last, second))).snapshots, [`toy@${id}`]);
  assert.deepEqual(offered.asked, []);
  assert.equal(new Set(second.asked).size, second.asked.length);
  const first = (await outer.site.author()).fingerprint;
  assert.ok((await last.site.store.refVersions(`sites/${first}/snapshots/toy/${id}`)).length > 0);
});
