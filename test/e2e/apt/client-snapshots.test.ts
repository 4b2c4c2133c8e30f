import { after, before, suite, test } from "node:test";
import { equal, match } from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import { GENERATIONS } from "./generations.ts";
import { mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

for (const [at, { name, system, skip }] of GENERATIONS.entries()) {
  const newest = at === 1;
  suite(`hosts that stay at a time, with ${name}`, { skip }, () => {
    let lab: Lab;
    let site: SluiceSite;
    let served: Served;
    /** The mirror m's snapshot with version 1 of `tool`. */
    let first: string;

    before(async () => {
      lab = await openLab();
      const upstream = await lab.upstream({ packages: [{ name: "tool", version: "1" }] });
      const security = await lab.upstream({ shape: "security", packages: [{ name: "fix", version: "1" }] });
      const servers = [await lab.server(upstream.root), await lab.server(security.root)];
      site = await lab.site();
      await site.configure({
        m: mirrorOf(upstream, servers[0]?.url ?? ""),
        security: mirrorOf(security, servers[1]?.url ?? ""),
      });
      await site.ok("sync");
      await upstream.publish({ packages: [{ name: "tool", version: "2" }] });
      await security.publish({ packages: [{ name: "fix", version: "2" }] });
      await site.ok("sync");
      await site.ok("promote", "latest", "stable", "--yes");
      [first = ""] = await site.ids("m");
      served = lab.cleanup.use(await site.serve());
    });
    after(async () => await lab.cleanup.run());

    const apt = async (): Promise<AptClient> => await lab.apt({ system });
    async function script(path: string): Promise<string> {
      return await (await fetch(`${served.url}/_/setup/${path}`)).text();
    }
    async function setUp(host: AptClient, path: string): Promise<void> {
      const ran = await host.setUp(await script(path));
      equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    }
    /** A time at which both mirrors had their first snapshots alone. */
    async function between(): Promise<string> {
      const [other = ""] = await site.ids("security");
      return first > other ? first : other;
    }

    test("by the snapshot's own URL", async () => {
      const host = await apt();
      await setUp(host, `m/${first}`);
      clean(await host.update());
      equal(await host.candidate("tool"), "1");
      await setUp(host, "m/stable");
      clean(await host.update());
      equal(await host.candidate("tool"), "2");
    });

    test("by `Snapshot:` in the source, though the channel is further on", async () => {
      const host = await apt();
      const text = await script(`m/stable?snapshot=${first}`);
      if (!newest) {
        const refused = await host.setUp(text);
        equal(refused.code, 1);
        match(refused.stderr, /Snapshot needs apt 2\.7\.0 or later/);
        return;
      }
      const ran = await host.setUp(text);
      equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
      clean(await host.update());
      equal(await host.candidate("tool"), "1");
      clean(await host.install("tool"));
      equal((await host.installed())["tool"], "1");
    });

    if (newest)
      test("`apt --snapshot` finds each mirror's own snapshot of one time", async () => {
        const host = await apt();
        await setUp(host, "m/stable");
        await setUp(host, "security/stable");
        clean(await host.update());
        const newer = await host.program("apt-cache", "policy", "tool", "fix");
        equal(newer.stdout.match(/Candidate: 2/g)?.length, 2);
        const id = await between();
        clean(await host.update("--snapshot", id));
        const older = await host.program("apt-cache", "policy", "--snapshot", id, "tool", "fix");
        equal(older.stdout.match(/Candidate: 1/g)?.length, 2, older.stdout);
      });

    if (newest)
      test("a Release that is not there yet is needed first, and the script sees to that", async () => {
        const host = await apt();
        await setUp(host, `m/stable?snapshot=${first}`);
        await rm(join(host.root, "var/lib/apt/lists"), { recursive: true });
        const lost = await host.update();
        match(lost.complaints.join("\n"), /^E: .*[Ss]napshot/);
        await setUp(host, `m/stable?snapshot=${first}`);
        clean(await host.update());
      });
  });
}
