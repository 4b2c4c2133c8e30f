import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { refused } from "../../clients/sluice.ts";
import type { Running, SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("two syncs at once", { skip: skipApt }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let server: StaticServer;
  let site: SluiceSite;

  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream();
    server = await lab.server(upstream.root);
  });
  after(async () => await lab.cleanup.run());

  /** Starts a sync of `a` that stands still at its second request until it is let go. */
  async function held(): Promise<Running & { letGo: () => void }> {
    site = await lab.site();
    await site.configure({ a: mirrorOf(upstream, server.url), b: mirrorOf(upstream, `${server.url}/.`) });
    server.clear();
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    server.onRequest = async ({ n, path }) => {
      if (n === 2 && !path.startsWith("/./")) {
        reached.resolve();
        await gate.promise;
      }
      return undefined;
    };
    const running = site.start("sync", "a");
    await reached.promise;
    return { ...running, letGo: gate.resolve };
  }

  test("of one mirror: the second says who holds it", async () => {
    const first = await held();
    const second = await site.run("sync", "a");
    refused(second, "locked");
    match(second.stderr, /\bsync\b.*\b\d+\b/s, "names what holds it, and its process");
    first.letGo();
    equal((await first.done).code, 0);
    assertSynced(await site.sync("a"), "unchanged");
    equal((await site.ids("a")).length, 1);
  });

  test("of one mirror with --wait: the second waits, and then has nothing to do", async () => {
    const first = await held();
    const second = site.start("sync", "a", "--wait", "60", "--json");
    let ended = false;
    void second.done.then(() => (ended = true));
    // The second has nothing to wait for but the lock: it must still be there after a full sync of the other mirror.
    assertSynced(await site.sync("b"), "updated");
    equal(ended, false);
    first.letGo();
    equal((await first.done).code, 0);
    const { code, stdout, stderr } = await second.done;
    equal(code, 0, stderr);
    match(stdout, /"result":"unchanged"/);
  });

  test("of two mirrors go side by side, and both are in `latest`", async () => {
    const first = await held();
    assertSynced(await site.sync("b"), "updated");
    first.letGo();
    equal((await first.done).code, 0);
    const listed = await site.list();
    for (const { name, snapshots, channels } of listed)
      deepEqual(channels, { latest: snapshots[0]?.id }, name);
    equal(listed.length, 2);
  });

  test("a killed holder keeps nothing", async () => {
    const first = await held();
    const again = site.start("sync", "a", "--wait", "60");
    first.kill("SIGKILL");
    equal((await first.done).signal, "SIGKILL");
    first.letGo();
    const { code, stderr } = await again.done;
    equal(code, 0, stderr);
    equal((await site.ids("a")).length, 1);
  });

  test("many that come to their end in the same moment: no move of `latest` is lost", async () => {
    const mirrors = ["a", "b", "c", "d", "e", "f"];
    const config: Record<string, object> = {};
    const waiting: (() => void)[] = [];
    for (const name of mirrors) {
      const own = await lab.upstream({ packages: [{ name, version: "1" }] });
      const place = await lab.server(own.root);
      config[name] = mirrorOf(own, place.url);
      // The only package is what is asked for last: all of them are answered when all have come so far.
      place.onRequest = async ({ path }) => {
        if (path.endsWith(".deb")) {
          const gate = Promise.withResolvers<void>();
          waiting.push(gate.resolve);
          if (waiting.length === mirrors.length) for (const open of waiting) open();
          await gate.promise;
        }
        return undefined;
      };
    }
    site = await lab.site();
    await site.configure(config);
    const ran = await Promise.all(mirrors.map(async (name) => await site.run("sync", name)));
    deepEqual(
      ran.map(({ code, stderr }) => (code === 0 ? "" : stderr)),
      mirrors.map(() => ""),
    );
    const listed = await site.list();
    deepEqual(
      listed.map(({ name, channels, snapshots }) => [name, snapshots.length, channels["latest"]]),
      mirrors.map((name) => [name, 1, listed.find((one) => one.name === name)?.snapshots[0]?.id]),
    );
    await site.ok("verify");
  });
});
