import { after, before, suite, test } from "node:test";
import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import { filesBelow } from "../../upstreams/apt.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { assertCopyOf, assertSynced, digestsBelow, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const SIZE = 200_000;
const CONNECTIONS = 2;
const COUNT = 8;
const names = Array.from({ length: COUNT }, (_, at) => `part${at}`);

suite("a sync that is killed", { skip: skipApt }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let server: StaticServer;
  /** What a sync of everything takes. */
  let requests: number;
  let total: number;

  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream({
      packages: names.map((name) => ({ name, version: "1", sizeBytes: SIZE })),
      binaryAll: false,
    });
    server = await lab.server(upstream.root);
    const site = await freshSite();
    assertSynced(await site.sync("m"), "updated");
    requests = server.requests.length;
    total = bytes();
    ok(total > COUNT * SIZE);
  });
  after(async () => await lab.cleanup.run());

  const bytes = (): number => server.requests.reduce((sum, request) => sum + request.bytes, 0);

  async function freshSite(): Promise<SluiceSite> {
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url, { connections: CONNECTIONS, pipelining: 1 }) });
    server.clear();
    server.onRequest = undefined;
    return site;
  }

  /** Runs a sync and kills it at the nth request: before its answer, or when half of it has gone. */
  async function killAt(site: SluiceSite, n: number, half: boolean): Promise<void> {
    const running = site.start("sync", "m");
    let killed = false;
    server.onRequest = async (request) => {
      if (request.n !== n) return undefined;
      killed = true;
      if (!half) running.kill("SIGKILL");
      else setTimeout(() => running.kill("SIGKILL"), 100);
      return "stall";
    };
    const { signal } = await running.done;
    deepEqual([killed, signal], [true, "SIGKILL"]);
    server.onRequest = undefined;
  }

  /** The run after a kill brings everything, the one after that finds nothing to do. */
  async function assertContinued(site: SluiceSite): Promise<void> {
    assertSynced(await site.sync("m"), "updated");
    const tree = await digestsBelow(join(site.data, "trees/m/latest"));
    assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
    equal([...tree.keys()].filter((path) => path.endsWith(".deb")).length, COUNT);
    await site.ok("verify", "m");
    server.clear();
    assertSynced(await site.sync("m"), "unchanged");
    deepEqual(
      server.requests.map(({ path, status }) => [path, status]),
      [["/dists/trixie/InRelease", 304]],
      "one conditional request",
    );
    equal((await site.ids("m")).length, 1);
    deepEqual(await filesBelow(join(site.data, "tmp")), [], "nothing is left in tmp/");
  }

  test("at every second request is continued by the next one, which fetches only the rest", async () => {
    for (let n = 1; n <= requests; n += 2) {
      const site = await freshSite();
      await killAt(site, n, false);
      deepEqual(await readdir(join(site.data, "refs/snapshots")).catch(() => []), [], "nothing is visible");
      const first = bytes();
      server.clear();
      assertSynced(await site.sync("m"), "updated");
      const second = bytes();
      // What was on its way when it was killed, and roots and indices, may come twice.
      const again = total - COUNT * SIZE + CONNECTIONS * (SIZE + 2000);
      ok(first + second <= total + again, `killed at ${n}: ${first} and ${second} bytes, of ${total}`);
      await site[Symbol.asyncDispose]();
    }
  });

  test("in the middle of a body too", async () => {
    for (const n of [1, Math.ceil(requests / 2), requests]) {
      const site = await freshSite();
      await killAt(site, n, true);
      await assertContinued(site);
      await site[Symbol.asyncDispose]();
    }
  });

  test("again and again gets further each time", async () => {
    const site = await freshSite();
    let runs = 0;
    for (;;) {
      server.clear();
      const running = site.start("sync", "m");
      let packages = 0;
      server.onRequest = ({ path }) => {
        if (path.endsWith(".deb") && ++packages === CONNECTIONS + 2) {
          running.kill("SIGKILL");
          return "stall";
        }
        return undefined;
      };
      const ran = await running.done;
      runs++;
      if (ran.signal === null) {
        equal(ran.code, 0, ran.stderr);
        break;
      }
      ok(runs <= COUNT, "it never gets through");
    }
    ok(runs > 1);
    await site.ok("verify", "m");
  });

  test("after the last byte came, wherever it then is: nothing half-made is ever seen", async () => {
    for (const wait of [0, 15, 30, 60, 90, 150]) {
      const site = await freshSite();
      const running = site.start("sync", "m");
      server.onRequest = async ({ n }) => {
        if (n === requests) void sleep(wait).then(() => running.kill("SIGKILL"));
        return undefined;
      };
      await running.done;
      server.onRequest = undefined;
      // A folder without a record in it is no snapshot yet.
      const names = await filesBelow(join(site.data, "refs/snapshots")).catch(() => []);
      const before = names.filter((name) => name.endsWith(".json"));
      // Whatever the list shows is whole, even before the next run.
      if (before.length > 0) await site.ok("verify", "m");
      const line = await site.sync("m");
      equal(line.error, undefined);
      equal(line.result, before.length > 0 ? "unchanged" : "updated", `killed after ${wait} ms`);
      const tree = await digestsBelow(join(site.data, "trees/m/latest"));
      equal([...tree.keys()].filter((path) => path.endsWith(".deb")).length, COUNT);
      await site.ok("verify", "m");
      await site[Symbol.asyncDispose]();
    }
  });

  test("with Ctrl-C: says so, leaves by itself, and is continued", async () => {
    const site = await freshSite();
    const running = site.start("sync", "m");
    server.onRequest = ({ n }) => {
      if (n !== requests - 1) return undefined;
      running.kill("SIGINT");
      return "stall";
    };
    const { code, signal, stderr } = await running.done;
    deepEqual([code, signal], [1, null], stderr);
    ok(stderr.includes("interrupted"), stderr);
    server.onRequest = undefined;
    await assertContinued(site);
  });
});
