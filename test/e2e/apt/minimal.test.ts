import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../run.ts";
import type { Ran } from "../../run.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS } from "./generations.ts";
import { assertSynced, mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

const UPSTREAM = "http://deb.example.org/debian";
const [, newest] = GENERATIONS;

// A system that may be written to and thrown away: the upper layer of an overlay.
const NO_OVERLAY = 77;
const OVERLAY = `set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" || exit ${NO_OVERLAY}
mount --rbind /dev "$2/root/dev"
mount -t proc proc "$2/root/proc"
exec chroot "$2/root" sh -ec "$3"`;

suite("a minimal Debian as it comes: its own /etc/apt, the user _apt, no curl", { skip: newest.skip }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let site: SluiceSite;
  let served: Served;
  let home: string;
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
    home = await lab.cleanup.folder("minimal");
    for (const name of ["upper", "work", "root"]) await mkdir(join(home, name));
  });
  after(async () => await lab.cleanup.run());

  async function enter(script: string): Promise<Ran> {
    return await run(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-c", OVERLAY, "sh", newest.system ?? "", home, script],
      { env: { DEBIAN_FRONTEND: "noninteractive" } },
    );
  }

  async function inside(script: string): Promise<Ran> {
    const ran = await enter(script);
    equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
    const said = `${ran.stdout}\n${ran.stderr}`.split("\n");
    deepEqual(
      said.filter((line) => /^[WE]:/.test(line)),
      [],
      ran.stdout,
    );
    return ran;
  }

  test("is set up by the script from standard input, follows the channel, and is taken back", async (t) => {
    if ((await enter("true")).code === NO_OVERLAY) return t.skip("no overlay can be mounted here");
    const script = await (await fetch(`${served.url}/_/setup/m/latest`)).text();
    await writeFile(join(home, "upper/set-up.sh"), script);
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
      await readFile(join(home, "upper/before"), "utf8"),
      await readFile(join(home, "upper/after"), "utf8"),
    );
  });
});
