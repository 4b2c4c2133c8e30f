import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("media that are looked after, and receipts", { skip: skipApt }, () => {
  let sites: TwoSites;
  before(async () => (sites = await openTwoSites()));
  after(async () => await sites.lab.cleanup.run());

  test("tells what it holds and lacks, gives up what is old, and goes on serving and being imported", async () => {
    const { outer } = sites;
    const stick = await sites.folder("medium");
    const state = async () =>
      (
        await outer.json<{ snapshots: { id: string; channels: string[] }[]; files: number }>(
          "medium",
          "status",
          stick,
        )
      )[0];
    await outer.ok("export", "--medium", stick, "--channel", "stable");
    await sites.goOn("3.0-1");
    const [first = "", second = ""] = await outer.ids("m");
    const told = await outer.ok("medium", "diff", stick, "--channel", "stable");
    match(
      told.stdout,
      new RegExp(`stable: #1 -> #2\\n\\+ m@${second}\\n  m@${first} .*\\n\\d+ files, .* to copy`),
    );
    await outer.ok("export", "--medium", stick, "--channel", "stable");
    const mine = join(stick, "notes.txt");
    await writeFile(mine, "mine");
    await writeFile(join(stick, "trees", "mine.txt"), "mine");
    const before = await digestsBelow(stick);
    match(
      (await outer.ok("medium", "gc", stick, "--keep", "1", "--dry-run")).stdout,
      new RegExp(`m@${first}: would be taken`),
    );
    await outer.ok("medium", "status", stick, "--verify");
    deepEqual(await digestsBelow(stick), before, "looking writes nothing");
    deepEqual(
      (await state())?.snapshots.map(({ id, channels }) => [id, channels]),
      [
        [first, []],
        [second, ["stable"]],
      ],
    );
    const kept = await outer.ok("export", "--medium", stick, "--channel", "stable", "--keep", "1");
    match(kept.stdout, new RegExp(`m@${first}: taken from the medium`));
    deepEqual(
      (await state())?.snapshots.map(({ id }) => id),
      [second],
    );
    deepEqual(
      (await readdir(join(stick, "trees", "m"))).filter((name) => /^\d/.test(name)),
      [second],
    );
    deepEqual(
      [await readFile(mine, "utf8"), await readFile(join(stick, "trees", "mine.txt"), "utf8")],
      ["mine", "mine"],
    );
    await outer.ok("medium", "status", stick, "--verify");
    await sites.installs(`file://${stick}/trees/m/stable`, "3.0-1");
    const inner = await sites.inner();
    await inner.ok("import", stick);
    match((await inner.ok("medium", "status", stick)).stdout, /which this one trusts/);
    refused(await inner.run("medium", "gc", stick), "medium_unsuitable");
    const log = join(inner.home, "log.ndjson");
    await inner.ok("audit", "export", "--output", log);
    const key = await keyOf(inner.home, await inner.ok("key", "export"));
    const proof = await outer.ok("audit", "verify", "--file", log, "--key", key);
    match(proof.stdout, /every hash and signature is right/);
    match(
      (await inner.ok("audit", "show", "imports")).stdout,
      new RegExp(`from medium the medium ${stick}\\n    channel stable #2\\n    m@${second}`),
    );
  });

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
    await sites.goOn("4.0-1");
    await outer.ok("export", "--to", lost, "--channel", "stable");
    await sites.goOn("5.0-1");
    const picture = join(inner.home, "receipt.png");
    const { stdout } = await inner.ok("receipt", "--qr", "--png", picture);
    match(stdout, /^sluice receipt 1 :..\nof .*\nfrom .*\nat .*\nchannel stable 2 [0-9a-f]{8} :..\n/);
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
    match(ran.stderr, /holds stable 2\./);
    match(ran.stdout, /bundle 3, 1 snapshot/);
    await inner.ok("import", next);
    await inner.ok("verify");
    match((await inner.ok("receipt")).stdout, /\nbundles 3 :..\nmissing 2 :..\n/);
    equal((await outer.run(...command, "--full")).code, 2);
  });
});

async function keyOf(home: string, { stdout }: { stdout: string }): Promise<string> {
  const file = join(home, "own.asc");
  await writeFile(file, stdout);
  return file;
}
