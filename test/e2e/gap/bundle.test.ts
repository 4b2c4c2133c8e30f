import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { appendFile, copyFile, cp, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import { must, run } from "../../run.ts";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("snapshots carried by a bundle", { skip: skipApt }, () => {
  let sites: TwoSites;
  let first: string;

  before(async () => {
    sites = await openTwoSites();
    first = await sites.folder("first");
    await sites.outer.ok("export", "--to", first, "--channel", "stable", "--part-size", "64KiB");
  });
  after(async () => await sites.lab.cleanup.run());

  const partsOf = async (folder: string): Promise<string[]> =>
    (await readdir(folder)).filter((name) => name.endsWith(".tar"));

  async function copyOf(folder: string): Promise<string> {
    const copy = await sites.folder("copy");
    await cp(folder, copy, { recursive: true });
    return copy;
  }

  test("come in whole, and real apt installs from the inner site", async () => {
    const inner = await sites.inner();
    const before = await digestsBelow(first);
    await inner.ok("import", first);
    deepEqual(await digestsBelow(first), before, "nothing is written to the bundle");
    await sites.installs(`file://${inner.data}/trees/m/stable`, "2.0-1");
    await inner.ok("verify");
    match((await inner.ok("import", first)).stdout, /nothing new/);
  });

  test("the same content gives the same bytes, whenever and wherever it is written", async () => {
    const again = await sites.folder("again");
    await sites.outer.ok("export", "--to", again, "--channel", "stable", "--part-size", "64KiB", "--full");
    deepEqual(await digestsBelow(again), await digestsBelow(first));
    match(
      (await sites.outer.ok("export", "--to", again, "--channel", "stable", "--part-size", "64KiB", "--full"))
        .stdout,
      /was there already/,
    );
    const other = await sites.folder("other");
    await sites.outer.ok(
      "export",
      "--to",
      other,
      "--channel",
      "stable",
      "--part-size",
      "1MiB",
      "--full",
      "--site",
      "x",
    );
    notEqual((await partsOf(other)).length, (await partsOf(first)).length);
    for (const name of await readdir(first))
      equal((await stat(join(first, name))).size <= 65_536, true, name);
  });

  test("without Sluice: verify.sh and import.sh need gpg, tar and sha256sum", async () => {
    const { stdout: fingerprint } = await sites.outer.ok("key", "show");
    match(
      await must("dash", [join(first, "verify.sh"), fingerprint.split("\n")[0] ?? ""]),
      /Every file is as it was signed/,
    );
    equal((await run("dash", [join(first, "verify.sh"), "0".repeat(40)])).code, 1);
    const target = await sites.folder("target");
    await must("dash", [join(first, "import.sh"), target]);
    const [id = ""] = await sites.outer.ids("m");
    deepEqual(
      await digestsBelow(join(target, "trees/m", id)),
      await digestsBelow(join(sites.outer.data, "trees/m", id)),
    );
    await sites.installs(`file://${target}/trees/m/stable`, "2.0-1");
  });

  test("a delta builds on what went before; without that, it says which bundle is missing", async () => {
    await sites.goOn("3.0-1");
    const second = await sites.folder("second");
    await sites.outer.ok("export", "--to", second, "--channel", "stable");
    const late = await sites.inner();
    const ran = await late.run("import", second);
    refused(ran, "import_incomplete");
    match(ran.stderr, /earlier bundle, 1,/);
    deepEqual(await late.list(), []);
    await late.ok("import", second, first);
    await sites.installs(`file://${late.data}/trees/m/stable`, "3.0-1");
    refused(await late.run("import", first), "replayed");
    // Run again with all that there is, as after a stop.
    const again = await late.ok("import", first, second);
    match(again.stderr, /bundle 1.* was taken before/);
    match(again.stdout, /bundle 2.*: nothing new/);
    const target = await sites.folder("target");
    equal((await run("dash", [join(second, "import.sh"), target])).code, 1);
    await must("dash", [join(first, "import.sh"), target]);
    await sites.installs(`file://${target}/trees/m/stable`, "2.0-1");
    const overlap = await sites.folder("overlap");
    await sites.outer.ok("export", "--to", overlap, "--channel", "stable", "--base", "2");
    const fresh = await sites.inner();
    await fresh.ok("import", overlap);
    await sites.installs(`file://${fresh.data}/trees/m/stable`, "3.0-1");
  });

  test("parts on several media, in any order, some in pieces; a missing one is named", async () => {
    const [left, right] = [await copyOf(first), await sites.folder("right")];
    await mkdir(right);
    const parts = await partsOf(left);
    equal(parts.length > 2, true);
    const last = JSON.parse(await readFile(join(left, "manifest.json"), "utf8")).parts.at(-1) as {
      n: number;
      name: string;
    };
    await copyFile(join(left, last.name), join(right, last.name));
    await rm(join(left, last.name));
    const inner = await sites.inner();
    const ran = await inner.run("import", left);
    refused(ran, "import_incomplete");
    match(ran.stderr, new RegExp(`Of bundle 1, part ${last.n} is not here`));
    await must("split", [
      "-b",
      "1000",
      "-d",
      "-a",
      "3",
      join(right, last.name),
      join(right, `${last.name}.`),
    ]);
    await rm(join(right, last.name));
    await inner.ok("import", right, left);
    await inner.ok("verify");
  });

  test("a flipped bit anywhere is found and named, and nothing is published", async () => {
    const shared = await sites.inner();
    for (const [at, name] of (await readdir(first)).entries()) {
      const copy = await copyOf(first);
      const bytes = await readFile(join(copy, name));
      const place = (at * 7919 + 13) % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
      await writeFile(join(copy, name), bytes);
      // What a refused try has brought of the parts is not read again.
      const inner = name.endsWith(".tar") ? await sites.inner() : shared;
      const ran = await inner.run("import", copy);
      equal(ran.code, 1, `${name} at ${place}: ${ran.stdout}`);
      match(
        ran.stderr,
        new RegExp(name.endsWith(".tar") ? `${name}|[Pp]art` : name.replaceAll(".", "\\.")),
        `${name} at ${place}`,
      );
      deepEqual(await inner.list(), []);
      await rm(copy, { recursive: true });
      if (inner !== shared) await inner[Symbol.asyncDispose]();
    }
  });

  test("what is not finished, or not a bundle, is refused", async () => {
    const copy = await copyOf(first);
    await rm(join(copy, "SHA256SUMS.asc"));
    const inner = await sites.inner();
    refused(await inner.run("import", copy), "bundle_damaged");
    await appendFile(join(copy, "SHA256SUMS.asc"), "junk");
    refused(await inner.run("import", copy), "bundle_damaged");
    const empty = await sites.folder("empty");
    await mkdir(empty);
    equal((await inner.run("import", empty)).code, 2);
  });
});
