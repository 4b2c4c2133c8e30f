import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "../../clients/apt.ts";
import { GENERATIONS } from "./generations.ts";
import { assertSynced, mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

const [, newest] = GENERATIONS;

suite("sparse mirrors and the newest apt", { skip: newest.skip }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  const packages = [
    { name: "tool", version: "1" },
    { name: "more", version: "1" },
    { name: "extra", version: "1", component: "contrib" },
  ];

  test("--exclude has no word of a component of which nothing is kept, in either form", async () => {
    const upstream = await lab.upstream({ packages, components: ["main", "contrib"] });
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({
      m: mirrorOf(upstream, server.url, { mode: "sparse", only: { packages: ["tool"] } }),
    });
    const synced = await site.ok("sync", "m");
    match(synced.stderr, /^m: left out 2 of 3 packages$/m);
    const url = `file://${site.data}/trees`;
    const [setup] = await site.json<{ files: { format: string; path: string; content: string }[] }>(
      "client",
      "m",
      "--exclude",
      "--url",
      url,
    );
    for (const format of ["deb822", "list"]) {
      const host = await lab.apt({ system: newest.system });
      await host.write(setup?.files.filter((file) => [format, "key"].includes(file.format)) ?? []);
      clean(await host.update());
      deepEqual(await Promise.all(["tool", "more", "extra"].map(host.candidate)), ["1", "(none)", "(none)"]);
    }
  });

  test("pins follow a suite that was renamed", async () => {
    const named = (Codename: string) => () => ({
      Origin: "Debian",
      Label: "Debian",
      Suite: "stable",
      Codename,
    });
    const upstream = await lab.upstream({ packages, suites: ["stable"], fields: named("trixie") });
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({
      m: mirrorOf(upstream, server.url, { mode: "sparse", skip: { packages: ["more"] } }),
    });
    assertSynced(await site.sync("m"), "updated");
    const served = lab.cleanup.use(await site.serve());
    const host = await lab.apt({ system: newest.system });
    equal((await host.setUp(await (await fetch(`${served.url}/_/setup/m/latest`)).text())).code, 0);

    await upstream.publish({ fields: named("forky") });
    match((await site.run("sync", "m")).stderr, /hint: .* follow where `sluice serve` gives them/);
    assertSynced(await site.sync("m", "--allow-rename"), "updated");
    const pins = `${served.url}/_/setup/m/latest/preferences`;
    while (!(await (await fetch(pins)).text()).includes("forky"));
    clean(await host.update("--allow-releaseinfo-change"));
    match(await readFile(join(host.root, "etc/apt/preferences.d/sluice-m.pref"), "utf8"), /n=forky,/);
    equal(await host.candidate("more"), "(none)");
    equal(await host.candidate("tool"), "1");
  });
});
