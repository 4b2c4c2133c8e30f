import { after, before, suite, test } from "node:test";
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS } from "./generations.ts";
import { assertSynced, mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

const DAY = 86_400_000;
const SPARSE = { mode: "sparse", skip: { sections: ["games"] } };

for (const [at, { name, system, skip }] of GENERATIONS.entries()) {
  const newest = at === 1;
  suite(`clients that follow a mirror, with ${name}`, { skip }, () => {
    let lab: Lab;
    before(async () => (lab = await openLab()));
    after(async () => await lab.cleanup.run());

    const apt = async (): Promise<AptClient> => await lab.apt({ system });

    interface Mirrored {
      readonly upstream: AptRepository;
      readonly upstreamUrl: string;
      readonly site: SluiceSite;
      readonly served: Served;
    }

    async function mirrored(upstream: AptRepository, more: object = {}): Promise<Mirrored> {
      const { url } = await lab.server(upstream.root);
      const site = await lab.site();
      await site.configure({ m: mirrorOf(upstream, url, { ...more }) });
      assertSynced(await site.sync("m"), "updated");
      await site.ok("promote", "latest", "stable", "--yes");
      return { upstream, upstreamUrl: url, site, served: lab.cleanup.use(await site.serve()) };
    }

    async function setUp(host: AptClient, { served }: Mirrored, path: string): Promise<void> {
      const text = await (await fetch(`${served.url}/_/setup/m/${path}`)).text();
      const ran = await host.setUp(text);
      equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    }

    /** Waits until the server has seen that the channel moved: for a moment it answers as before. */
    async function seen({ served }: Mirrored, is: (pins: string) => boolean): Promise<void> {
      const url = `${served.url}/_/setup/m/latest/preferences`;
      while (!is(await (await fetch(url)).text()));
    }

    const pins = (host: AptClient): string => join(host.root, "etc/apt/preferences.d/sluice-m.pref");

    test("a sparse mirror's pins follow the channel at each update, and an upgrade goes past what is left out", async () => {
      const first = [
        { name: "tool", version: "1" },
        { name: "game", version: "1" },
        { name: "chess", version: "1", section: "games" },
      ];
      const all = await mirrored(await lab.upstream({ packages: first }), SPARSE);
      for (const options of [[], ["--plan"]])
        match((await all.site.ok("sync", "m", ...options)).stderr, /warning: m: `skip` leaves packages out/);
      equal((await all.site.ok("sync", "m", "--quiet")).stderr, "");
      const host = await apt();
      await setUp(host, all, "latest");
      clean(await host.update());
      clean(await host.install("tool", "game"));
      equal(await host.candidate("chess"), "(none)");
      doesNotMatch(await readFile(pins(host), "utf8"), /game/);

      // What was kept is left out from now on.
      await all.upstream.publish({
        packages: [
          { name: "tool", version: "2" },
          { name: "game", version: "2", section: "games" },
        ],
      });
      assertSynced(await all.site.sync("m"), "updated");
      await seen(all, (text) => text.includes("game:any"));
      clean(await host.update());
      match(await readFile(pins(host), "utf8"), /^Package: game:any$/m);
      equal(await host.candidate("game"), "1");
      clean(await host.upgrade());
      deepEqual(await host.installed(), { tool: "2", game: "1" });
    });

    test("pins stay where they cannot be fetched, or are not what pins are", async () => {
      const packages = [
        { name: "tool", version: "1" },
        { name: "chess", version: "1", section: "games" },
      ];
      const all = await mirrored(await lab.upstream({ packages }), SPARSE);
      const host = await apt();
      await setUp(host, all, "stable");
      const good = await readFile(pins(host), "utf8");
      const refresh = join(host.root, "etc/apt/sluice/m/refresh");
      const script = await readFile(refresh, "utf8");
      let answer = "";
      const other = createServer((_request, response) => void response.end(answer));
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const { port } = other.address() as AddressInfo;
      try {
        for (const text of [
          "<html>Log in first</html>",
          "",
          good.replace("# End of the pins\n", ""),
          good.replace("Pin-Priority: -1", "Pin-Priority: 1001"),
          good.replace("Pin-Priority: -1", "pin-priority: 1001"),
          `${good.split("\n")[0]}\nPackage: *\n Pin-Priority: 1001\n# End of the pins\n`,
        ]) {
          answer = text;
          await writeFile(refresh, script.replace(all.served.url, `http://127.0.0.1:${port}`));
          const ran = await host.update();
          clean(ran);
          match(
            `${ran.stdout}${ran.stderr}`,
            /the pins of the mirror m could not be refreshed; the old ones stay/,
          );
          equal(await readFile(pins(host), "utf8"), good);
        }
        answer = good.replaceAll("chess", "checkers");
        clean(await host.update());
        equal(await readFile(pins(host), "utf8"), answer);
      } finally {
        await new Promise((resolve) => other.close(resolve));
      }
      await writeFile(refresh, script.replace(all.served.url, "http://127.0.0.1:9"));
      clean(await host.update());
      // The site's own come back, and with them the mode.
      await writeFile(refresh, script);
      await rm(pins(host));
      clean(await host.update());
      equal(await readFile(pins(host), "utf8"), good);
    });

    test("a mirror that leaves nothing out any more takes its pins back", async () => {
      const packages = [
        { name: "tool", version: "1" },
        { name: "chess", version: "1", section: "games" },
      ];
      const all = await mirrored(await lab.upstream({ packages }), SPARSE);
      const host = await apt();
      await setUp(host, all, "latest");
      equal(await host.candidate("chess"), "(none)");
      await all.site.configure({ m: mirrorOf(all.upstream, all.upstreamUrl) });
      assertSynced(await all.site.sync("m"), "updated");
      await seen(all, (text) => !text.includes("chess"));
      clean(await host.update());
      clean(await host.install("chess"));
    });

    test("Exclude in the source does what pins do, from apt 3.1 on", async () => {
      const packages = [
        { name: "tool", version: "1" },
        { name: "more", version: "1" },
        { name: "chess", version: "1", section: "games" },
      ];
      for (const more of [SPARSE, { mode: "sparse", only: { packages: ["tool"] } }]) {
        const all = await mirrored(await lab.upstream({ packages }), more);
        const host = await apt();
        const text = await (await fetch(`${all.served.url}/_/setup/m/stable?exclude`)).text();
        const ran = await host.setUp(text);
        if (!newest) {
          equal(ran.code, 1);
          match(ran.stderr, /Exclude needs apt 3\.1\.0 or later/);
          continue;
        }
        equal(ran.code, 0, ran.stderr);
        clean(await host.update());
        equal(await host.candidate("tool"), "1");
        equal(await host.candidate("chess"), "(none)");
        doesNotMatch(await readFile(pins(host), "utf8"), /^Package/m);
      }
    });

    test("metadata past its Valid-Until is accepted for a time, and the check stays on (LAB-E6)", async () => {
      const date = Math.floor(Date.now() / 1000) * 1000 - 30 * DAY;
      const upstream = await lab.upstream({ shape: "security", date });
      const all = await mirrored(upstream, { "allow-expired": true });
      const [id = ""] = await all.site.ids("m");
      for (const place of ["stable", "latest", id]) {
        const host = await apt();
        await setUp(host, all, place);
        clean(await host.update());
        clean(await host.install("tool"));
        const source = await readFile(join(host.root, "etc/apt/sources.list.d/sluice-m.sources"), "utf8");
        doesNotMatch(source, /Check-Valid-Until/);
        equal(
          /^Valid-Until-Min: (\d+)$/m.exec(source)?.[1],
          String((30 + (place === id ? 3650 : 90) + 1) * 86_400),
        );
      }
      const short = await apt();
      const url = `${all.served.url}/m/stable`;
      await short.source(aptSource(url, "trixie-security", "main", lab.vendor.armoured));
      const expired = await short.update();
      equal(expired.code, 100);
      match(expired.complaints.join("\n"), /is expired/);
      const min = ["Valid-Until-Min: 86400"];
      await short.source(aptSource(url, "trixie-security", "main", lab.vendor.armoured, min));
      equal((await short.update()).code, 100);
    });

    test("a frozen snapshot by Check-Valid-Until in its source, in either form; another source is still checked (LAB-E6b)", async () => {
      const date = Math.floor(Date.now() / 1000) * 1000 - 30 * DAY;
      const upstream = await lab.upstream({ shape: "security", date });
      const all = await mirrored(upstream, { "allow-expired": true });
      const [id = ""] = await all.site.ids("m");
      const [frozen, moving] = [id, "stable"].map((place) => `${all.served.url}/m/${place}`);
      const { armoured } = lab.vendor;
      const stanza = (url: string | undefined, ...more: readonly string[]): string =>
        aptSource(url ?? "", "trixie-security", "main", armoured, more);
      const path = "/etc/apt/sources.list.d/frozen";
      for (const file of [
        { path: `${path}.sources`, content: stanza(frozen, "Check-Valid-Until: no") },
        {
          path: `${path}.list`,
          content: `deb [check-valid-until=no signed-by=${armoured}] ${frozen} trixie-security main\n`,
        },
      ]) {
        const host = await apt();
        await host.write([file]);
        clean(await host.update());
        clean(await host.install("tool"));
        await host.source(stanza(moving));
        const ran = await host.update();
        equal(ran.code, 100);
        equal(ran.complaints.length, 1);
        match(ran.complaints[0] ?? "", /\/m\/stable\/.* is expired/);
      }
    });

    test("a fallback is asked for what the mirror does not give, and only then (LAB-E18c, E18d, E18e)", async () => {
      const upstream = await lab.upstream({
        packages: [
          { name: "tool", version: "1" },
          { name: "chess", version: "1", section: "games" },
        ],
      });
      const all = await mirrored(upstream, SPARSE);
      // The same repository, further on.
      const other = await lab.fork(upstream);
      const packages = upstream.state.packages.map((one) =>
        one.name === "tool" ? { ...one, version: "2" } : one,
      );
      // Made after the snapshot: apt asks by the snapshot's time whether there is something newer.
      const date = Math.ceil(Date.now() / 1000) * 1000 + 2000;
      await other.publish({ packages, date }, { keepPool: true });
      // apt takes an address for dead as a whole, whatever the port.
      const elsewhere = await lab.server(other.root, "127.0.0.2");
      const query = `stable?fallback=${encodeURIComponent(`${elsewhere.url}/`)}`;

      const host = await apt();
      await setUp(host, all, query);
      clean(await host.update());
      equal(await host.candidate("tool"), "1");
      equal(elsewhere.requests.length, 0, "the mirror alone was asked");
      // A single file that the mirror does not have: a sparse mirror with a fallback needs no pins.
      clean(await host.install("chess", "tool"));
      deepEqual(
        elsewhere.requests.map(({ path }) => path.split("/").at(-1)),
        ["chess_1_amd64.deb"],
      );
      await all.served[Symbol.asyncDispose]();
      clean(await host.update());
      equal(await host.candidate("tool"), "2");
      clean(await host.upgrade());
    });
  });
}
