import { after, before, suite, test } from "node:test";
import { equal, match } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptRan, clean } from "../../clients/apt.ts";
import type { AptRan } from "../../clients/apt.ts";
import { overlay } from "../../clients/overlay.ts";
import type { Overlay } from "../../clients/overlay.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS } from "./generations.ts";
import { assertSynced, mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

const UPSTREAM = "http://deb.example.org/debian";
const [, newest] = GENERATIONS;

suite("a minimal Debian as it comes: its own /etc/apt, the user _apt, no curl", { skip: newest.skip }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let site: SluiceSite;
  let served: Served;
  let system: Overlay;
  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream({ packages: [{ name: "tool", version: "1" }] });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({
      m: mirrorOf(upstream, server.url, {
        upstream: [server.url, UPSTREAM],
        mode: "sparse",
        skip: { sections: ["games"] },
      }),
    });
    assertSynced(await site.sync("m"), "updated");
    served = lab.cleanup.use(await site.serve());
    system = await overlay(newest.system ?? "", await lab.cleanup.folder("minimal"));
  });
  after(async () => await lab.cleanup.run());

  async function inside(script: string): Promise<AptRan> {
    const ran = aptRan(await system.run(script));
    clean(ran);
    return ran;
  }

  test("is set up by the script from standard input, follows the channel, and is taken back", async (t) => {
    const obstacle = await system.obstacle();
    if (obstacle !== undefined) return t.skip(obstacle);
    const script = await (await fetch(`${served.url}/_/setup/m/latest`)).text();
    await writeFile(join(system.upper, "set-up.sh"), script);
    const set = await inside(`
      rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
      echo 'deb ${UPSTREAM} trixie main' > /etc/apt/sources.list
      ! command -v curl && ! command -v wget
      find /etc/apt -type f -exec sha256sum {} + | sort > /before
      sh < /set-up.sh
      cat /etc/apt/sources.list
      apt-get update
      apt-get install -y tool`);
    match(set.stdout, /^# replaced by the mirror m: deb /m);
    match(set.stdout, /^Setting up tool \(1\)/m);

    await upstream.publish({
      packages: [
        { name: "tool", version: "2" },
        { name: "chess", version: "1", section: "games" },
      ],
    });
    assertSynced(await site.sync("m"), "updated");
    const pins = `${served.url}/_/setup/m/latest/preferences`;
    while (!(await (await fetch(pins)).text()).includes("chess"));
    const followed = await inside(
      "apt-get update; apt-get upgrade -y; cat /etc/apt/preferences.d/sluice-m.pref",
    );
    match(followed.stdout, /^Setting up tool \(2\)/m);
    match(followed.stdout, /^Package: chess:any$/m);
    equal(/could not be refreshed/.test(followed.stdout + followed.stderr), false);

    await inside(`
      sh -s -- --undo < /set-up.sh
      find /etc/apt -type f -exec sha256sum {} + | sort > /after
      cmp /before /after`);
    equal(
      await readFile(join(system.upper, "before"), "utf8"),
      await readFile(join(system.upper, "after"), "utf8"),
    );
  });
});
