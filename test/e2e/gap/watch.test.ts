import { after, before, suite, test } from "node:test";
import { deepEqual, equal } from "node:assert/strict";
import { cp, mkdir, readdir, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("a drop folder behind a one-way link", { skip: skipApt }, () => {
  let sites: TwoSites;
  before(async () => (sites = await openTwoSites({ inline: true })));
  after(async () => await sites.lab.cleanup.run());

  test("bundles are taken once they are whole, in any order, and put aside; nothing else is touched; SIGTERM ends it well", async () => {
    const { outer } = sites;
    const [first, second] = [await sites.folder("first"), await sites.folder("second")];
    await outer.ok("export", "--to", first, "--channel", "stable", "--part-size", "64KiB");
    await sites.goOn("3.0-1");
    await outer.ok("export", "--to", second, "--channel", "stable", "--part-size", "64KiB");
    const inner = await sites.inner();
    const home = await sites.folder("link");
    const [drop, done] = [join(home, "drop"), join(home, "done")];
    await mkdir(join(drop, "odd"), { recursive: true });
    await writeFile(join(drop, "odd", "manifest.json"), "{}");
    await writeFile(join(drop, "note.txt"), "not a bundle");
    // The second comes first; of the first a part is still growing.
    await cp(second, join(drop, "b"), { recursive: true });
    await cp(first, join(drop, "a"), { recursive: true });
    const [part = ""] = (await readdir(first)).filter((name) => name.endsWith(".tar"));
    await truncate(join(drop, "a", part), 1000);
    const watch = inner.start("import", "--watch", drop, "--done", done);
    try {
      // It has tried the one that is whole, and kept what was in it.
      await until(async () => equal((await readdir(join(inner.data, "blobs/sha256"))).length > 0, true));
      deepEqual(await inner.list(), [], "half of what is needed is nothing");
      await cp(join(first, part), join(home, "held"));
      await rename(join(home, "held"), join(drop, "a", part));
      await until(async () => equal((await readdir(done)).length, 2));
    } finally {
      watch.kill("SIGTERM");
    }
    deepEqual(await inner.ids("m"), await outer.ids("m"));
    const ran = await watch.done;
    equal(ran.code, 0, ran.stderr);
    equal(ran.stderr.match(/earlier bundle, 1,/g)?.length, 1, "what cannot be taken yet is said once");
    const names = await readdir(done);
    deepEqual(
      await digestsBelow(join(done, names.find((name) => name.startsWith("1-")) ?? "")),
      await digestsBelow(first),
    );
    deepEqual(
      [...(await digestsBelow(drop)).keys()],
      ["note.txt", "odd/manifest.json"],
      "what is no bundle stays where it was",
    );
    await sites.installs(`file://${inner.data}/trees/m/stable`, "3.0-1");
    await inner.ok("verify");
  });
});

/** Waits until it holds, half a minute at most. */
async function until(holds: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await holds();
      return;
    } catch (error) {
      if (attempt > 60) throw error;
      await sleep(500);
    }
  }
}
