import { after, before, suite, test } from "node:test";
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { Served } from "../../clients/sluice.ts";
import { GENERATIONS } from "./generations.ts";
import { assertSynced, mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

const packagesOf = (version: string) => [
  { name: "tool", version },
  { name: "extra", version, component: "contrib" },
  { name: "other", version, arch: "i386" },
];

/** Source packages, which apt only has to list. */
async function addSources(dists: string): Promise<void> {
  for (const [component, name] of [
    ["main", "tool"],
    ["contrib", "extra"],
  ] as const) {
    const file = (digits: number): string => ` ${"0".repeat(digits)} 1 ${name}_1.dsc\n`;
    const text = `Package: ${name}\nVersion: 1\nBinary: ${name}\nArchitecture: any\nDirectory: pool\nFiles:\n${file(32)}Checksums-Sha256:\n${file(64)}`;
    await mkdir(join(dists, component, "source"), { recursive: true });
    await writeFile(join(dists, component, "source/Sources"), text);
  }
}

for (const { name, system, skip } of GENERATIONS) {
  suite(`mirrors that have a part of what a host uses, with ${name}`, { skip }, () => {
    let lab: Lab;
    let url: string;
    let served: Served;
    before(async () => {
      lab = await openLab();
      const upstream = await lab.upstream({
        packages: packagesOf("1"),
        components: ["main", "contrib"],
        architectures: ["amd64", "i386"],
        edit: { folder: addSources },
      });
      const server = await lab.server(upstream.root);
      url = server.url;
      const site = await lab.site();
      await site.configure({
        m: mirrorOf(upstream, url, { components: ["main"] }),
        c: mirrorOf(upstream, url, { components: ["contrib"] }),
      });
      for (const mirror of ["m", "c"]) assertSynced(await site.sync(mirror), "updated");
      served = lab.cleanup.use(await site.serve());
      // What comes from the upstream shows by its version.
      await upstream.publish({ packages: packagesOf("2") }, { keepPool: true });
    });
    after(async () => await lab.cleanup.run());

    async function setUp(host: AptClient, mirror: string, ...options: string[]): Promise<string> {
      const ran = await host.setUp(
        await (await fetch(`${served.url}/_/setup/${mirror}/latest`)).text(),
        ...options,
      );
      equal(ran.code, 0, ran.stderr);
      return ran.stdout;
    }

    /** What the host would install, whether it has sources, and whether it has lists of i386. */
    async function has(host: AptClient): Promise<unknown[]> {
      clean(await host.update());
      const source = await host.program("apt-cache", "showsrc", "tool");
      const lists = await readdir(join(host.root, "var/lib/apt/lists"));
      return [
        await host.candidate("tool"),
        await host.candidate("extra"),
        /^Version: 1$/m.test(source.stdout),
        lists.some((path) => path.includes("main_binary-i386_Packages")),
      ];
    }

    const forms = {
      "one line": () => [
        "etc/apt/sources.list",
        ["deb", "deb-src"]
          .map(
            (type) =>
              `${type} [arch=amd64,i386 signed-by=${lab.vendor.armoured}] ${url} trixie main contrib\n`,
          )
          .join(""),
      ],
      deb822: () => [
        "etc/apt/sources.list.d/debian.sources",
        `Types: deb deb-src\nURIs: ${url}\nSuites: trixie\nComponents: main contrib\nArchitectures: amd64 i386\nSigned-By: ${lab.vendor.armoured}\n`,
      ],
    };
    for (const [form, file] of Object.entries(forms)) {
      test(`${form}: what the mirrors lack comes from where it came from, without a warning`, async () => {
        const host = await lab.apt({ system });
        const [path = "", text = ""] = file();
        await writeFile(join(host.root, path), text);
        deepEqual(await has(host), ["2", "2", true, true]);

        const said = await setUp(host, "m");
        match(said, /^sluice: left on, since the mirror does not have it .*: deb \S+ trixie contrib$/m);
        match(said, /does not have it .*: deb-src \S+ trixie main contrib$/m);
        match(said, /does not have it .*: deb \S+ trixie main \[i386\]$/m);
        doesNotMatch(said, /\/m\/latest/);
        deepEqual(await has(host), ["1", "2", true, true]);
        await setUp(host, "c");
        deepEqual(await has(host), ["1", "1", true, true]);
        await setUp(host, "m", "--undo");
        deepEqual(await has(host), ["2", "1", true, true]);
        await setUp(host, "c", "--whole");
        deepEqual(await has(host), ["(none)", "1", false, false]);
        await setUp(host, "c", "--undo");
        deepEqual(await has(host), ["2", "2", true, true]);
      });
    }
  });
}
