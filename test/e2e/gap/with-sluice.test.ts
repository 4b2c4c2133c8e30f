import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { needs } from "../../needs.ts";
import { must, run } from "../../run.ts";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("Sluice itself on a medium", { skip: skipApt || needs("gpg", "dash") }, () => {
  let sites: TwoSites;
  let archive: string;
  const NAME = "sluice-9.9.9-linux-amd64.tar.xz";

  before(async () => {
    sites = await openTwoSites();
    archive = join(await sites.folder("packages"), NAME);
    await mkdir(dirname(archive));
    await writeFile(archive, Buffer.alloc(300_000, "sluice"));
  });
  after(async () => await sites.lab.cleanup.run());

  test("a bundle brings it, signed as the rest; verify.sh finds every change to it", async () => {
    const folder = await sites.folder("bundle");
    const command = ["export", "--to", folder, "--channel", "stable", "--full"];
    await sites.outer.ok(...command);
    // Also where the bundle itself is there already.
    const [told] = await sites.outer.json<{ result: string; sluice: string[] }>(
      ...command,
      "--with-sluice",
      archive,
    );
    deepEqual([told?.result, told?.sluice], ["unchanged", [NAME]]);
    deepEqual(await readFile(join(folder, NAME)), await readFile(archive));
    const before = await digestsBelow(folder);
    await sites.outer.ok(...command, "--with-sluice", archive);
    deepEqual(await digestsBelow(folder), before, "the same bytes again");
    const inner = await sites.inner();
    await inner.ok("import", folder);
    const verify = async () => run("dash", [join(folder, "verify.sh")]);
    equal((await verify()).code, 0);
    await writeFile(join(folder, NAME), Buffer.alloc(300_000, "Sluice"));
    match((await verify()).stderr, /sluice-9\.9\.9-linux-amd64\.tar\.xz is not as it was signed/);
    // By a stranger, whose key is not among the bundle's.
    await writeFile(
      join(folder, `${NAME}.asc`),
      await inner.ok("key", "export").then(({ stdout }) => stdout),
    );
    equal((await verify()).code, 1);
    await sites.outer.ok(...command, "--with-sluice", archive);
    equal((await verify()).code, 0);
  });

  test("a medium brings it too", async () => {
    const folder = await sites.folder("medium");
    await sites.outer.ok("export", "--medium", folder, "--channel", "stable", "--with-sluice", archive);
    const home = await sites.folder("gnupg");
    await mkdir(home, { mode: 0o700 });
    const { stdout: key } = await sites.outer.ok("key", "export");
    await must("gpg", ["--homedir", home, "--batch", "--quiet", "--import"], { input: key });
    await must("gpg", [
      "--homedir",
      home,
      "--batch",
      "--verify",
      `${join(folder, NAME)}.asc`,
      join(folder, NAME),
    ]);
  });

  test("what is no package of Sluice, or not to be found, is said before anything is written", async () => {
    const folder = await sites.folder("nothing");
    const other = join(dirname(archive), "other.tar.xz");
    await writeFile(other, "x");
    for (const [args, sentence] of [
      [[other], /other\.tar\.xz' is none/],
      [[join(dirname(archive), "sluice-0-gone.deb")], /sluice-0-gone\.deb' is none/],
      [[archive, "--part-size", "64KiB"], /is larger than --part-size/],
    ] as const) {
      const ran = await sites.outer.run("export", "--to", folder, "--with-sluice", ...args);
      equal(ran.code, 2, ran.stderr);
      match(ran.stderr, sentence);
      deepEqual(await readdir(folder).catch(() => []), []);
    }
  });
});
