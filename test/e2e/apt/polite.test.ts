import { after, before, suite, test } from "node:test";
import { equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("an upstream that is asked politely", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  for (const [how, options] of [
    ["one request at a time on each", { pipelining: 1 }],
    ["requests ahead of answers", {}],
  ] as const)
    test(`two mirrors on one host, synced side by side, share its connections, ${how}, and say whose they are`, async () => {
      const upstream = await lab.upstream();
      const server = await lab.server(upstream.root);
      const underWay: number[] = [];
      let most = 0;
      let mostConnections = 0;
      const ports = new Set<number>();
      server.onRequest = async ({ port }) => {
        underWay.push(port);
        most = Math.max(most, underWay.length);
        mostConnections = Math.max(mostConnections, new Set(underWay).size);
        await sleep(10);
        underWay.splice(underWay.indexOf(port), 1);
        return undefined;
      };
      server.onConnection = (port) => void ports.add(port);
      const site = await lab.site();
      const mirror = { ...mirrorOf(upstream, server.url), ...options };
      await site.configure(
        { one: mirror, two: { ...mirror, languages: "none", connections: 2 } },
        { "connections-per-host": 3, contact: "https://example.org/mirrors" },
      );
      const { stderr } = await site.ok("sync", "--quiet");
      equal(stderr, "");
      equal(mostConnections, 3, "as many at a time as are allowed");
      equal(ports.size, 3, "over as many connections");
      if ("pipelining" in options) equal(most, 3, "and none ahead of an answer");
      else ok(most > 3, "some ahead of an answer");
      const agents = new Set(server.requests.map(({ headers }) => headers["user-agent"]));
      equal(agents.size, 1);
      match([...agents][0] ?? "", /^Sluice\/\d\S* \(\+https:\/\/example\.org\/mirrors\)$/);
    });

  test("a bandwidth is kept to: what comes in takes at least its time", async () => {
    const upstream = await lab.upstream();
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    const rate = 5000;
    await site.configure({ m: mirrorOf(upstream, server.url, { bandwidth: [{ rate: "5kB/s" }] }) });
    const line = await site.sync("m");
    assertSynced(line, "updated");
    // Half a second's worth: what may pass at once at the start, and the debt of the last piece.
    const least = line.fetchedBytes / rate - 0.5;
    ok(least > 0.5, "there is enough to tell");
    ok(line.seconds >= least, `${line.fetchedBytes} bytes came in ${line.seconds} s, before ${least} s`);
  });
});
