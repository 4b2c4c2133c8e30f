import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { must, run } from "../../run.ts";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("a bundle that was damaged on its way", { skip: skipApt }, () => {
  let sites: TwoSites;
  let whole: string;
  before(async () => {
    sites = await openTwoSites({ inline: true });
    whole = await sites.folder("whole");
    await sites.outer.ok("export", "--to", whole, "--channel", "stable", "--part-size", "64KiB");
  });
  after(async () => await sites.lab.cleanup.run());

  /** A copy whose last part is gone, and in whose last but one a bit is not what it was. */
  async function damaged(from = whole): Promise<string> {
    const copy = await sites.folder("copy");
    await cp(from, copy, { recursive: true });
    const { parts } = JSON.parse(await readFile(join(copy, "manifest.json"), "utf8")) as {
      parts: { name: string }[];
    };
    const [bad = "", gone = ""] = parts.slice(-2).map(({ name }) => join(copy, name));
    const bytes = await readFile(bad);
    bytes[999] = (bytes[999] ?? 0) ^ 4;
    await writeFile(bad, bytes);
    await rm(gone);
    return copy;
  }

  test("is made good by the parts that its code names, though the channel has moved on", async () => {
    const copy = await damaged();
    const inner = await sites.inner();
    const ran = await inner.run("import", copy);
    refused(ran, "import_incomplete");
    const code = /`sluice export --only (\S+) --to FOLDER`/.exec(ran.stderr)?.[1] ?? "";
    match(code, /^1\.[0-9a-f]{6}:\d+-\d+$/);
    match((await inner.run("import", "--check", copy)).stderr, new RegExp(code));
    await sites.goOn("3.0-1");
    const again = await sites.folder("again");
    await sites.outer.ok("export", "--only", code, "--to", again);
    equal((await readdir(again)).length, 2);
    await inner.ok("import", copy, again);
    await sites.installs(`file://${inner.data}/trees/m/stable`, "2.0-1");
    refused(await sites.outer.run("export", "--only", "7:1", "--to", again), "bundle_unknown");
    equal((await sites.outer.run("export", "--only", code, "--to", again, "--full")).code, 2);
  });

  test("is mended by its parity, and verify.sh says how", { skip: needs("par2") }, async () => {
    const folder = await sites.folder("parity");
    await sites.outer.ok("export", "--from", whole, "--to", folder, "--part-size", "64KiB", "--parity", "60");
    equal((await sites.outer.run("export", "--to", folder, "--parity", "0")).code, 2);
    const other = await sites.folder("other");
    await sites.outer.ok("export", "--to", other, "--channel", "stable", "--full", "--parity", "10");
    ok((await readdir(other)).includes("parity-10.par2"));
    const copy = await damaged(folder);
    const inner = await sites.inner();
    const ran = await inner.run("import", copy);
    refused(ran, "import_incomplete");
    match(ran.stderr, /run the import again with `--repair FOLDER`/);
    const said = await run("dash", [join(copy, "verify.sh")]);
    equal(said.code, 1);
    match(said.stderr, /par2 repair parity-60\.par2/);
    const before = await digestsBelow(copy);
    await inner.ok("import", "--repair", await sites.folder("mended"), copy);
    deepEqual(await digestsBelow(copy), before, "nothing is written to the medium");
    deepEqual(await inner.ids("m"), [(await sites.outer.ids("m"))[0]]);
    await must("par2", ["repair", "-q", "-q", "parity-60.par2"], { cwd: copy });
    match(await must("dash", [join(copy, "verify.sh")]), /Every file is as it was signed/);
  });

  test("is cut for another medium on any host, and the scripts and the import take the pieces", async () => {
    const cut = await sites.folder("cut");
    const courier = await sites.lab.site();
    await courier.ok("export", "--from", whole, "--to", cut, "--part-size", "20kB");
    ok((await readdir(cut)).some((name) => name.endsWith(".tar.002")));
    match(await must("dash", [join(cut, "verify.sh")]), /Every file is as it was signed/);
    const inner = await sites.inner();
    await inner.ok("import", cut);
    await inner.ok("verify");
    equal((await courier.run("export", "--from", whole, "--to", cut, "--channel", "stable")).code, 2);
  });
});
