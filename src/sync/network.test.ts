import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type { SiteNetwork } from "../config/types.ts";
import { constantRate } from "../upstream/bandwidth.ts";
import type { Transport } from "../upstream/contract.ts";
import { serve } from "../upstream/server.test-helper.ts";
import { fakeTiming } from "../upstream/timing.test-helper.ts";
import { createNetwork, type Network } from "./network.ts";
import { rig } from "./rig.test-helper.ts";

const MB = 1_000_000;
const NOON = new Date(2026, 10, 20, 12).getTime();
const site: SiteNetwork = { bandwidth: [], connectionsPerHost: 8, contact: undefined };

async function open(
  t: TestContext,
  network: Network,
  url: string,
  more: object = {},
): Promise<readonly Transport[]> {
  const { mirror } = rig();
  const made = { ...mirror, upstream: [url], network: { ...mirror.network, retries: 0, ...more } };
  const sources = await network.open(made, () => undefined);
  t.after(async () => Promise.all(sources.map(async (source) => source.close())));
  return sources;
}

async function fetchAll([source]: readonly Transport[], files: number): Promise<number> {
  const sizes = Array.from({ length: files }, async () => {
    const reply = await source?.fetch({ from: "file" });
    let size = 0;
    if (reply?.status === "ok") for await (const chunk of reply.body) size += chunk.length;
    return size;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

test("mirrors that are synced side by side share the site's bandwidth, and keep to their own", async (t) => {
  const bytes = Buffer.alloc(MB / 2);
  const { url, asked } = await serve(t, (_, response) => void response.end(bytes));
  const timing = fakeTiming(NOON);
  const network = createNetwork({ ...site, bandwidth: constantRate(MB) }, timing);
  const slow = await open(t, network, url, { bandwidth: constantRate(MB / 10) });
  const fast = await open(t, network, url);
  const ends: number[] = [];
  const end = (at: number) => (): void => void (ends[at] = (timing.time - NOON) / 1000);
  const both = [fetchAll(slow, 2).finally(end(0)), fetchAll(fast, 18).finally(end(1))];
  await timing.run(() => ends.length === 2 && ends[0] !== undefined);
  assert.deepEqual(await Promise.all(both), [MB, 9 * MB]);
  // 1 MB at 0.1 MB/s, and beside it 9 MB at what is left of 1 MB/s. Time here may run ahead of the real connections.
  const [first = 0, second = 0] = ends;
  assert.ok(first > 9 && first < 30, `the slow mirror took ${first} s`);
  assert.ok(second > 8.5 && second < 30, `the fast mirror took ${second} s`);
  assert.equal(asked.length, 20);
});

test("a window that begins in the middle of a sync is kept to, and its end ends it", async (t) => {
  const bytes = Buffer.alloc(2 * MB);
  const { url } = await serve(t, (_, response) => void response.end(bytes));
  const timing = fakeTiming(NOON - 1000);
  const bandwidth = [
    { days: [], from: 12 * 60, to: 12 * 60 + 1, rate: 1000 },
    { days: [], from: 0, to: 1440, rate: MB },
  ];
  const network = createNetwork({ ...site, bandwidth }, timing);
  let size = 0;
  void fetchAll(await open(t, network, url), 1).then((all) => (size = all));
  await timing.run(() => size > 0);
  const seconds = (timing.time - NOON) / 1000;
  assert.ok(seconds > 60 && seconds < 62, `it took until ${seconds} s after noon`);
});

test("every request tells the contact, and the cap of connections is that of the site", async (t) => {
  let most = 0;
  let under = 0;
  const { url, asked } = await serve(t, (_, response) => {
    most = Math.max(most, ++under);
    setTimeout(() => {
      under--;
      response.end("x");
    }, 5);
  });
  const network = createNetwork({ ...site, connectionsPerHost: 2, contact: "ops@example.org" });
  const alone = { pipelining: 1 };
  const mirrors = [await open(t, network, url, alone), await open(t, network, url, alone)];
  assert.deepEqual(await Promise.all(mirrors.map(async (one) => fetchAll(one, 20))), [20, 20]);
  assert.equal(most, 2);
  assert.match(asked[0]?.headers["user-agent"] ?? "", /^Sluice\/\S+ \(\+ops@example\.org\)$/);
});

test("a folder is not the network: nothing holds it back", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-network-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), Buffer.alloc(MB));
  const timing = fakeTiming(NOON);
  const network = createNetwork({ ...site, bandwidth: constantRate(1000) }, timing);
  assert.equal(await fetchAll(await open(t, network, pathToFileURL(folder).href), 1), MB);
  assert.equal(timing.set, 0);
});
