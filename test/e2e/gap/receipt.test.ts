import { after, before, suite, test } from "node:test";
import { equal, match } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import { skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("receipts", { skip: skipApt }, () => {
  let sites: TwoSites;
  before(async () => (sites = await openTwoSites()));
  after(async () => await sites.lab.cleanup.run());

  test("a bundle since a receipt brings what is missing there, and stands on what is not", async () => {
    const { outer } = sites;
    const inner = await sites.inner();
    const [first, lost, next] = [
      await sites.folder("first"),
      await sites.folder("lost"),
      await sites.folder("next"),
    ];
    await outer.ok("export", "--to", first, "--channel", "stable");
    await inner.ok("import", first);
    await sites.goOn("3.0-1");
    await outer.ok("export", "--to", lost, "--channel", "stable");
    await sites.goOn("4.0-1");
    const picture = join(inner.home, "receipt.png");
    const { stdout } = await inner.ok("receipt", "--qr", "--png", picture);
    match(stdout, /^sluice receipt 1 :..\nof .*\nfrom .*\nat .*\nchannel stable 1 [0-9a-f]{8} :..\n/);
    match(stdout, /\nend\n█/);
    equal((await readFile(picture)).subarray(1, 4).toString(), "PNG");
    const receipt = join(outer.home, "receipt.txt");
    await writeFile(receipt, stdout.replaceAll(/^/gm, "> ").toUpperCase());
    const command = ["export", "--to", next, "--channel", "stable", "--since", receipt];
    refused(await outer.run(...command), "receipt_invalid");
    const key = join(outer.home, "inner.asc");
    await writeFile(key, (await inner.ok("key", "export")).stdout);
    await outer.ok("key", "trust", key, "--yes");
    const ran = await outer.ok(...command);
    match(ran.stderr, /holds stable 1\./);
    match(ran.stdout, /bundle 3, 1 snapshot/);
    await inner.ok("import", next);
    await sites.installs(`file://${inner.data}/trees/m/stable`, "4.0-1");
    const late = await sites.inner();
    refused(await late.run("import", next), "import_incomplete");
    match((await inner.ok("receipt")).stdout, /\nbundles 3 :..\nmissing 2 :..\n/);
    equal((await outer.run(...command, "--full")).code, 2);
  });
});
