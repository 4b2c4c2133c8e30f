import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptRan } from "../../clients/apt.ts";
import { openKeys } from "../../upstreams/gpg.ts";
import type { Bench } from "./anchors-bench.ts";
import { assertSynced } from "./lab.ts";

/** The table of filters, which has no number. */
export const FILTERED = "4.7";

export interface Run {
  readonly rule: string;
  readonly says: string;
  run(bench: Bench): Promise<void>;
}

const one = (version: string) => [{ name: "tool", version }];

/** What no other test holds, by real apt against Sluice. */
export const RUNS: readonly Run[] = [
  {
    rule: "3",
    says: "a channel that moves while a client is between InRelease and the indices",
    async run({ lab, mirror, host }) {
      const { upstream, site, url } = await mirror({ packages: one("1") });
      let moved = false;
      const pass = async (path: string, response: ServerResponse): Promise<void> => {
        if (/Packages|by-hash/.test(path) && !moved) {
          moved = true;
          const before = await (await fetch(`${url}/dists/trixie/InRelease`)).text();
          await upstream.publish({ packages: one("2") });
          assertSynced(await site.sync("m"), "updated");
          while ((await (await fetch(`${url}/dists/trixie/InRelease`)).text()) === before);
        }
        const answer = await fetch(url + path);
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
      };
      const between = createServer((request, response) => {
        pass(request.url ?? "", response).catch(() => response.destroy());
      });
      await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
      try {
        const apt = await host();
        const base = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
        await apt.source(aptSource(base, "trixie", "main", lab.vendor.armoured));
        clean(await apt.update());
        equal(await apt.candidate("tool"), "1");
        clean(await apt.install("tool"));
        clean(await apt.update());
        equal(await apt.candidate("tool"), "2");
      } finally {
        between.closeAllConnections();
        await new Promise((resolve) => between.close(resolve));
      }
    },
  },
  {
    rule: "4",
    says: "SHA512 is asked where Release has it",
    async run({ mirror, plain }) {
      const apt = await plain(await mirror({ hashes: ["MD5Sum", "SHA256", "SHA512"] }));
      const ran = await apt.update("-o", "Debug::Acquire::http=true");
      clean(ran);
      const said = `${ran.stdout}${ran.stderr}`;
      const asked = (said.match(/^ ?GET \S+/gm) ?? []).filter((line) => !line.includes("InRelease"));
      ok(asked.length > 0 && asked.every((line) => line.includes("/by-hash/SHA512/")), asked.join("\n"));
      ok(!said.includes(" 404 "));
    },
  },
  {
    rule: "5",
    says: "E1: no by-hash at all",
    async run({ mirror, plain }) {
      const apt = await plain(await mirror({ byHash: false }));
      clean(await apt.update());
      clean(await apt.install("tool"));
    },
  },
  {
    rule: "8",
    says: "H2, E10b: InRelease alone, and Release with Release.gpg alone",
    async run({ mirror, plain }) {
      for (const form of [{ releaseGpg: false }, { inRelease: false }]) {
        const mirrored = await mirror(form);
        const apt = await plain(mirrored);
        clean(await apt.update());
        clean(await apt.install("tool"));
        const absent = "inRelease" in form ? "InRelease" : "Release.gpg";
        const answer = await fetch(`${mirrored.url}/dists/trixie/${absent}`);
        await answer.arrayBuffer();
        equal(answer.status, 404);
      }
    },
  },
  {
    rule: "9",
    says: "E20: a source that names another key refuses the mirror; E21: without signature it takes `trust: none`",
    async run({ lab, mirror, host, setUp }) {
      const mirrored = await mirror();
      const keys = lab.cleanup.use(await openKeys());
      const stranger = await keys.create("Stranger <stranger@example.org>");
      const apt = await host();
      await apt.source(aptSource(mirrored.url, "trixie", "main", stranger.armoured));
      const refused = await apt.update();
      notEqual(refused.code, 0);
      match(refused.complaints.join("\n"), /^E: .*is not signed/m);

      const unsigned = await mirror(
        { releaseGpg: false, inRelease: false },
        { keyring: undefined, trust: "none" },
      );
      await apt.source(aptSource(unsigned.url, "trixie", "main", lab.vendor.armoured));
      notEqual((await apt.update()).code, 0);
      const trusting = await setUp(unsigned);
      const ran = await trusting.update();
      equal(ran.code, 0, ran.stderr);
      equal(await trusting.candidate("tool"), "2.0-1");
    },
  },
  {
    rule: "10",
    says: "by sqv, where that is what apt has",
    async run({ generation, mirror, setUp }) {
      const { system } = generation;
      if (system !== undefined) {
        ok(existsSync(join(system, "usr/bin/sqv")));
        ok(!existsSync(join(system, "usr/bin/gpgv")));
      }
      const apt = await setUp(await mirror());
      clean(await apt.update());
      clean(await apt.install("tool"));
    },
  },
  {
    rule: "11",
    says: "a Release that names its signer, twice",
    async run({ lab, mirror, plain, setUp }) {
      const fields = (suite: string) => ({
        Origin: "Debian",
        Label: "Debian",
        Suite: "stable",
        Codename: suite,
        "Signed-By": lab.vendor.fingerprint,
      });
      const mirrored = await mirror({ packages: one("1"), fields });
      const hosts = [await plain(mirrored), await setUp(mirrored)];
      // apt 3.3 says of every such Release, its maker's own too, that it passes over the field.
      const passed = (ran: AptRan): void =>
        clean({
          ...ran,
          complaints: ran.complaints.filter((line) => !/^W: Ignoring 'Signed-By' .*no longer/.test(line)),
        });
      for (const apt of hosts) passed(await apt.update());
      await mirrored.upstream.publish({ packages: one("2") });
      assertSynced(await mirrored.site.sync("m"), "updated");
      for (const apt of hosts) while ((await apt.candidate("tool")) !== "2") passed(await apt.update());
    },
  },
  {
    rule: "12",
    says: "H5: hours padded by a space",
    async run({ mirror, plain }) {
      const date = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000 + 3_000_000;
      const release = (text: string): string => {
        const padded = text.replace(/^(Date: .*) 00:50:/m, "$1  0:50:");
        ok(padded !== text);
        return padded;
      };
      const apt = await plain(await mirror({ date, edit: { release } }));
      clean(await apt.update());
    },
  },
  {
    rule: "15",
    says: "E7, E7b: a host whose clock is behind the Release, and Date-Max-Future",
    async run({ mirror, plain }) {
      const mirrored = await mirror();
      // As if its clock were a day slow.
      const slow = ["-o", "Acquire::Max-FutureTime=-86400"];
      const refused = await (await plain(mirrored)).update(...slow);
      equal(refused.code, 100);
      match(refused.complaints.join("\n"), /is not valid yet/);
      clean(await (await plain(mirrored, ["Date-Max-Future: 172800"])).update(...slow));
    },
  },
  {
    rule: "23",
    says: "E5: a translation that is listed and not mirrored; the set-up does not ask for it",
    async run({ mirror, plain, setUp }) {
      const mirrored = await mirror({}, { languages: "none" });
      const asking = await (await plain(mirrored, ["Languages: en"])).update();
      equal(asking.code, 100);
      clean(await (await setUp(mirrored)).update());
    },
  },
  {
    rule: "23",
    says: "E14c, E14b: a host of two architectures, of a mirror of one",
    async run({ mirror, plain, setUp }) {
      const mirrored = await mirror();
      const both = ["-o", "APT::Architectures::=arm64"];
      equal((await (await plain(mirrored)).update(...both)).code, 100);
      const apt = await setUp(mirrored);
      clean(await apt.update(...both));
      clean(await apt.install("tool"));
    },
  },
  {
    rule: "23",
    says: "G2, G3: packages for all architectures, in an index of their own and in each other one",
    async run({ mirror, plain }) {
      // Listed as `all`, with the promise that nobody need ask for it, and without.
      const promise = /^No-Support-for-Architecture-all: .*\n/m;
      for (const release of [(text: string) => text, (text: string) => text.replace(promise, "")]) {
        const apt = await plain(await mirror({ binaryAll: true, edit: { release } }));
        clean(await apt.update());
        clean(await apt.install("tool", "doc"));
      }
    },
  },
  {
    rule: "25",
    says: "E2: a form that is listed and absent; E3, H8: the plain form and empty indices; H1: a diff index",
    async run({ mirror, setUp }) {
      const folder = async (dists: string): Promise<void> => {
        await mkdir(join(dists, "main/binary-amd64/Packages.diff"), { recursive: true });
        await writeFile(join(dists, "main/binary-amd64/Packages.diff/Index"), "SHA256-Current: 0 0\n");
      };
      const gone = (path: string): boolean => /Packages\.xz$|Packages\.diff/.test(path);
      const mirrored = await mirror(
        { packages: one("1"), components: ["main", "contrib"], byHash: false, edit: { folder } },
        {},
        (server) => (server.onRequest = ({ path }) => (gone(path) ? { status: 404 } : undefined)),
      );
      const apt = await setUp(mirrored);
      clean(await apt.update());
      await mirrored.upstream.publish({ packages: one("2") });
      assertSynced(await mirrored.site.sync("m"), "updated");
      while ((await apt.candidate("tool")) !== "2") clean(await apt.update());
    },
  },
  {
    rule: "25",
    says: "E15, E22: a component or sources that are not there are a warning of apt's, which the set-up spares it",
    async run({ lab, mirror, host, setUp }) {
      const mirrored = await mirror();
      const apt = await host();
      await apt.source(
        aptSource(mirrored.url, "trixie", "main other", lab.vendor.armoured).replace(
          "Types: deb",
          "Types: deb deb-src",
        ),
      );
      const warned = await apt.update();
      equal(warned.code, 0);
      match(warned.complaints.join("\n"), /^W: .*other\/binary-amd64\/Packages/m);
      match(warned.complaints.join("\n"), /^W: .*main\/source\/Sources/m);
      clean(await (await setUp(mirrored)).update());
    },
  },
  {
    rule: "34",
    says: "E18, E18b, E18f: of two sources the newer version wins; one that is down warns at each update",
    async run({ lab, mirror, host }) {
      const mirrored = await mirror({ packages: one("1") });
      await mirrored.upstream.publish({ packages: one("2") });
      const apt = await host();
      const sources = (second: string): string =>
        [mirrored.url, second].map((url) => aptSource(url, "trixie", "main", lab.vendor.armoured)).join("\n");
      await apt.source(sources(mirrored.server.url));
      clean(await apt.update());
      equal(await apt.candidate("tool"), "2");
      await apt.source(sources("http://127.0.0.2:9"));
      const down = await apt.update();
      equal(down.code, 0);
      match(down.complaints.join("\n"), /^W: Failed to fetch/m);
    },
  },
  {
    rule: "36",
    says: "E19: the set-up takes the place of the same URL in another file",
    async run({ lab, mirror, plain }) {
      const mirrored = await mirror();
      const apt = await plain(mirrored);
      const [source] = [aptSource(mirrored.url, "trixie", "main", lab.vendor.armoured)];
      await apt.write([{ path: "/etc/apt/sources.list.d/other.sources", content: source }]);
      const twice = await apt.update();
      match(twice.complaints.join("\n"), /^W: .*is configured multiple times/m);
      equal((await apt.setUp(await mirrored.script())).code, 0);
      clean(await apt.update());
    },
  },
  {
    rule: FILTERED,
    says: "E12: without pins a filtered package cannot be installed, others can",
    async run({ mirror, plain }) {
      const packages = [...one("1"), { name: "chess", version: "1", section: "games" }];
      const sparse = { mode: "sparse", skip: { sections: ["games"] } };
      const apt = await plain(await mirror({ packages }, sparse));
      clean(await apt.update());
      equal((await apt.install("chess")).code, 100);
      clean(await apt.install("tool"));
      deepEqual(await apt.installed(), { tool: "1" });
    },
  },
];
