import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { nginxServer, treesSite } from "../../servers/nginx.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import type { AptShape } from "../../upstreams/apt-spec.ts";
import { GENERATIONS, withEachApt } from "./generations.ts";
import {
  assertCopyOf,
  assertSynced,
  clientComponents,
  digestsBelow,
  mirrorOf,
  openLab,
  PACKAGES,
  skipApt,
} from "./lab.ts";
import type { Lab } from "./lab.ts";

interface Case {
  readonly name: string;
  readonly shape: AptShape;
  readonly more?: Readonly<Record<string, unknown>>;
  /** What the mirror leaves out. */
  readonly left?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: "debian", shape: "debian" },
  { name: "ubuntu", shape: "ubuntu" },
  { name: "security", shape: "security" },
  {
    name: "sparse",
    shape: "debian",
    more: { mode: "sparse", skip: { sections: ["games"], packages: ["*-dbgsym"] } },
    left: ["game", "tool-dbgsym"],
  },
];

const SERVED = [
  ...PACKAGES,
  { name: "game", version: "1", section: "games" },
  { name: "tool-dbgsym", version: "2.0-1", section: "debug" },
];

async function installs(apt: AptClient, names: readonly string[]): Promise<void> {
  clean(await apt.update());
  clean(await apt.install(...names));
  deepEqual(Object.keys(await apt.installed()).toSorted(), ["base", "doc", "tool"]);
}

suite("the real apt against what Sluice serves", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  async function direct(url: string, upstream: AptRepository, system?: string): Promise<AptClient> {
    const apt = await lab.apt({ system });
    const [name = ""] = upstream.state.suites;
    await apt.source(aptSource(url, name, clientComponents(upstream), lab.vendor.armoured));
    return apt;
  }

  for (const { name, shape, more, left = [] } of CASES) {
    suite(`a ${name} upstream`, () => {
      let upstream: AptRepository;
      let site: SluiceSite;
      before(async () => {
        upstream = await lab.upstream({ shape, packages: SERVED });
        const server = await lab.server(upstream.root);
        site = await lab.site();
        await site.configure({ m: mirrorOf(upstream, server.url, more) });
        assertSynced(await site.sync("m"), "updated");
        await site.ok("promote", "latest", "stable", "--yes");
      });

      test("is copied byte for byte, as far as it was asked for", async () => {
        const tree = await digestsBelow(join(site.data, "trees/m/stable"));
        assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
        const packages = [...tree.keys()].filter((path) => path.endsWith(".deb"));
        const names = packages.map((path) => path.split("/").at(-1)?.split("_")[0] ?? "").toSorted();
        deepEqual(
          names,
          SERVED.map((spec) => spec.name)
            .filter((one) => !left.includes(one))
            .toSorted(),
        );
      });

      test("by the embedded server: stable, a snapshot's id, and a time after it", async (t) => {
        const served = await site.serve();
        try {
          const [id = ""] = await site.ids("m");
          await withEachApt(t, GENERATIONS, async ({ system }) => {
            for (const at of ["stable", id, "20991231T235959Z"])
              await installs(await direct(`${served.url}/m/${at}`, upstream, system), ["tool", "doc"]);
            const apt = await direct(`${served.url}/m/stable`, upstream, system);
            const ran = await apt.update("-o", "Debug::Acquire::http=true");
            clean(ran);
            const asked = `${ran.stdout}${ran.stderr}`.match(/^GET \S+/gm) ?? [];
            const indices = asked.filter((line) => /Packages|by-hash|Translation/.test(line));
            ok(indices.length > 0);
            deepEqual(
              indices.filter((line) => !line.includes("/by-hash/SHA256/")),
              [],
            );
            equal(
              /HTTP\/1.1 404/.test(`${ran.stdout}${ran.stderr}`),
              false,
              "by-hash was there at the first try",
            );
          });
          const early = await fetch(
            `${served.url}/m/19991231T235959Z/dists/${upstream.state.suites[0]}/InRelease`,
          );
          await early.arrayBuffer();
          equal(early.status, 404);
        } finally {
          await served[Symbol.asyncDispose]();
        }
      });

      test("by nginx on trees/", async (t) => {
        const nginx = lab.cleanup.use(await nginxServer(treesSite(site.data)));
        const [id = ""] = await site.ids("m");
        await withEachApt(t, GENERATIONS, async ({ system }) => {
          // The files are the same: one place is enough for the second apt.
          for (const at of system === undefined ? ["stable", "latest", id] : ["stable"])
            await installs(await direct(`${nginx.url}/m/${at}`, upstream, system), ["tool", "doc"]);
        });
        const log = await nginx.log();
        const indices = log.filter((line) => /Packages|by-hash|Translation/.test(line));
        ok(indices.length > 0);
        deepEqual(
          indices.filter((line) => !/^200 GET .*\/by-hash\/SHA256\//.test(line)),
          [],
        );
      });

      for (const { name: which, system, skip } of GENERATIONS) {
        test(`by file:// on trees/, with ${which}`, { skip }, async () => {
          const apt = await direct(`file://${site.data}/trees/m/stable`, upstream, system);
          await installs(apt, ["tool", "doc"]);
        });

        test(
          `by the client set-up that Sluice writes, whose key is in the source itself, with ${which}`,
          { skip },
          async () => {
            const nginx = lab.cleanup.use(await nginxServer(treesSite(site.data)));
            await site.configure({ m: mirrorOf(upstream, "http://127.0.0.1:9", more) }, { url: nginx.url });
            const apt = await lab.apt({ system });
            await site.setUpClient(apt, "m", "stable");
            const source = await readFile(join(apt.root, "etc/apt/sources.list.d/sluice-m.sources"), "utf8");
            match(source, /^Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----/m);
            await installs(apt, ["tool", "doc"]);
            for (const gone of left) equal(await apt.candidate(gone), "(none)");
          },
        );
      }
    });
  }

  for (const { name: which, system, skip } of GENERATIONS)
    test(
      `a sparse mirror's pins keep an upgrade going past a package that it leaves out, with ${which}`,
      { skip },
      async () => {
        const upstream = await lab.upstream({ packages: SERVED });
        const server = await lab.server(upstream.root);
        const apt = await direct(server.url, upstream, system);
        clean(await apt.update());
        clean(await apt.install("tool", "game"));
        await upstream.publish({
          packages: [
            { name: "base", version: "1:2.0" },
            { name: "tool", version: "3.0", depends: "base" },
            { name: "game", version: "2", section: "games" },
          ],
        });
        const site = await lab.site();
        const served = await site
          .configure(
            {
              m: mirrorOf(upstream, server.url, { mode: "sparse", skip: { sections: ["games"] } }),
            },
            { url: "http://127.0.0.1:1" },
          )
          .then(async () => {
            assertSynced(await site.sync("m"), "updated");
            return lab.cleanup.use(await site.serve());
          });

        // Without the pins the upgrade stops as a whole: what the pins are for.
        await apt.source(aptSource(`${served.url}/m/latest`, "trixie", "main", lab.vendor.armoured));
        clean(await apt.update());
        const stopped = await apt.upgrade();
        notEqual(stopped.code, 0);
        equal((await apt.installed())["tool"], "2.0-1");

        await site.configure(
          { m: mirrorOf(upstream, server.url, { mode: "sparse", skip: { sections: ["games"] } }) },
          { url: served.url },
        );
        await apt.source("");
        await site.setUpClient(apt, "m", "latest");
        clean(await apt.update());
        clean(await apt.upgrade());
        deepEqual(await apt.installed(), { base: "1:2.0", tool: "3.0", game: "1" });
      },
    );
});
