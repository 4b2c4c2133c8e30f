import { after, before, suite, test } from "node:test";
import { equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptRan, clean } from "../../clients/apt.ts";
import type { AptRan } from "../../clients/apt.ts";
import { overlay } from "../../clients/overlay.ts";
import type { Overlay } from "../../clients/overlay.ts";
import { addKinds } from "../../upstreams/apt-kinds.ts";
import { generations } from "./generations.ts";
import { assertSynced, mirrorOf, openLab, PACKAGES } from "./lab.ts";
import type { Lab } from "./lab.ts";

const [, newest] = await generations("desktop");

suite("a desktop as it comes: apt's hooks refresh what its programs read", { skip: newest.skip }, () => {
  let lab: Lab;
  let system: Overlay;
  before(async () => {
    lab = await openLab();
    const folder = addKinds({
      packages: PACKAGES,
      contents: "debian",
      sources: [],
      udebs: [],
      installer: [],
      cache: await lab.cleanup.folder("kinds"),
    });
    const upstream = await lab.upstream({ edit: { folder } });
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    assertSynced(await site.sync("m"), "updated");
    const served = lab.cleanup.use(await site.serve());
    system = await overlay(newest.system ?? "", await lab.cleanup.folder("desktop"));
    const script = await (await fetch(`${served.url}/_/setup/m/latest`)).text();
    await writeFile(join(system.upper, "set-up.sh"), script);
  });
  after(async () => await lab.cleanup.run());

  async function inside(script: string): Promise<AptRan> {
    const ran = aptRan(await system.run(script));
    clean(ran);
    return ran;
  }

  test("apt-file, AppStream and command-not-found find the packages, and apt has no complaint", async (t) => {
    const obstacle = await system.obstacle();
    if (obstacle !== undefined) return t.skip(obstacle);
    await inside(`
      rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
      sh < /set-up.sh
      # Off in Debian, on in Ubuntu.
      echo 'Acquire::IndexTargets::deb::CNF::DefaultEnabled "true";' > /etc/apt/apt.conf.d/90cnf
      apt-file update`);
    const files = await inside("apt-file search usr/share/tool/version");
    equal(files.stdout, "tool: /usr/share/tool/version\n");
    const known = await inside("appstreamcli get org.example.tool");
    match(known.stdout, /^Package: tool$/m);
    match(known.stdout, /^Icon: tool\.png$/m);
    await inside("test -e /var/lib/swcatalog/icons/*/64x64/tool.png");
    const command = await system.run("/usr/share/command-not-found/command-not-found tool");
    match(`${command.stdout}${command.stderr}`, /apt install tool/);
    await inside("apt-get install -y tool; apt-get upgrade -y");
  });
});
