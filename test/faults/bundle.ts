import { deepEqual, equal, match } from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { assertSynced } from "../e2e/apt/lab.ts";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import type { Fault } from "./fault.ts";
import { sharedStage } from "./stage.ts";
import { inLanes, randomOf } from "./tries.ts";
import type { WorldKind } from "./world.ts";

const SIZE = { packages: 6, bytesEach: 30_000 };

/** A copy of a bundle, and a site that has not imported it yet. */
interface Lane {
  readonly folder: string;
  readonly site: SluiceSite;
  /** The data of the site, to be put back after each try. */
  readonly before: string;
}

/** What is done to a bundle on its way. */
export const bundle: readonly Fault[] = [
  {
    name: "bundle: a bit is flipped",
    promise: "`sluice import` and `sluice import --check` find it, name the file, and publish nothing",
    engine: true,
    quick: 6,
    long: 1000,
    skip: false,
    run: flipBits,
  },
];

async function flipBits(kind: WorldKind, amount: number) {
  await using opened = new AsyncDisposableStack();
  const home = await tempFolder("flips");
  opened.defer(async () => await removeFolder(home));
  const whole = join(home, "bundle");
  const template = await sender(kind, whole, join(home, "template"));
  opened.use(template);
  const sizes: [name: string, size: number][] = [];
  for (const name of await readdir(whole)) sizes.push([name, (await readFile(join(whole, name))).length]);
  const lanes: Lane[] = [];
  for (let at = 0; at < Math.min(2, amount); at++) {
    const folder = join(home, `lane-${at}`);
    await must("cp", ["-r", whole, folder]);
    const stage = await sharedStage(kind, SIZE);
    lanes.push({
      folder,
      site: opened.use(await stage.site({ inline: true })),
      before: template.data,
    });
  }
  const place = (nth: number) => placeOf(sizes, randomOf(nth));
  const label = (nth: number): string => `${place(nth).name} at ${place(nth).at}, bit ${place(nth).bit}`;
  return await inLanes(lanes, amount, label, async (lane, nth) => flipOne(lane, place(nth)));
}

/** Writes a bundle, and gives a site that trusts the one which wrote it. */
async function sender(kind: WorldKind, folder: string, data: string): Promise<SluiceSite> {
  const stage = await sharedStage(kind, SIZE);
  await using outer = await stage.site({ inline: true });
  assertSynced(await outer.sync("m"), "updated");
  await outer.ok("promote", "latest", "stable", "--yes");
  await outer.ok("export", "--to", folder, "--channel", "stable", "--part-size", "64KiB");
  const inner = await stage.site({ inline: true, data });
  const key = join(inner.home, "sender.asc");
  await writeFile(key, (await outer.ok("key", "export")).stdout);
  await inner.ok("key", "trust", key, "--yes");
  return inner;
}

interface Place {
  readonly name: string;
  readonly at: number;
  readonly bit: number;
}

// Half of the places are in parts, so that small files, which say what the parts are, are met often enough.
function placeOf(sizes: readonly (readonly [string, number])[], random: () => number): Place {
  const inParts = random() < 0.5;
  const files = sizes.filter(([name]) => name.endsWith(".tar") === inParts);
  const [name, size] = files[Math.floor(random() * files.length)] ?? ["", 0];
  return { name, at: Math.floor(random() * size), bit: Math.floor(random() * 8) };
}

async function flipOne({ folder, site, before }: Lane, { name, at, bit }: Place): Promise<string> {
  const path = join(folder, name);
  const bytes = await readFile(path);
  const flip = async (): Promise<void> => {
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    await writeFile(path, bytes);
  };
  await removeFolder(site.data);
  await must("cp", ["-a", before, site.data]);
  await flip();
  for (const args of [["--check"], []]) {
    const ran = await site.run("import", folder, ...args);
    equal(ran.code, 1, `import ${args.join(" ")} took it: ${ran.stdout}${ran.stderr}`);
    match(ran.stderr, new RegExp(name.replaceAll(".", "\\.")), "the file is named");
  }
  deepEqual(await site.ids("m"), []);
  await flip();
  return name.endsWith(".tar") ? "found in a part" : "found in a small file";
}
