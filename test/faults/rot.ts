import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFile, lstat, mkdir, readFile, readlink, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openSite } from "../../src/channel/site.ts";
import { scrubStore } from "../../src/channel/scrub.ts";
import type { SluiceSite } from "../clients/sluice.ts";
import { assertSynced } from "../e2e/apt/lab.ts";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { filesBelow } from "../upstreams/apt.ts";
import type { Fault, Outcome } from "./fault.ts";
import { flipAt, SPOT_KINDS, spotsIn } from "./spots.ts";
import type { Spot } from "./spots.ts";
import { agesOf, sharedStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import { randomOf } from "./tries.ts";
import type { WorldKind } from "./world.ts";

const SIZE = { packages: 6, bytesEach: 20_000 };
const BATCH = 10;

/** Looks for what has rotted; gives the sentences. */
type Find = (site: SluiceSite) => Promise<string[]>;

export const rot: readonly Fault[] = [
  {
    name: "bit rot: verify",
    promise:
      "each flipped bit is named, put away, repaired where the upstream has it, and hurts nothing else",
    quick: 14,
    long: 1000,
    skip: false,
    run: (kind, amount) => flips(kind, amount, verify, SPOT_KINDS),
  },
  {
    name: "bit rot: scrub",
    promise: "the same, where the scrub finds it",
    quick: 14,
    long: 1000,
    skip: false,
    run: (kind, amount) => flips(kind, amount, scrub, SPOT_KINDS.toReversed()),
  },
];

async function verify(site: SluiceSite): Promise<string[]> {
  const { code, stderr } = await site.run("verify");
  equal(code, 1, stderr);
  return stderr.split("\n").filter((line) => line.startsWith("sluice: error["));
}

async function scrub({ data }: SluiceSite): Promise<string[]> {
  const told: string[] = [];
  const site = await openSite(data, 0);
  await scrubStore({
    site,
    pass: async () => undefined,
    found: ({ code, message }) => told.push(`sluice: error[${code}]: ${message}`),
    moved: () => undefined,
    signal: new AbortController().signal,
  });
  await site.store.close();
  return told;
}

/** Half of many flips one at a time, and of a few one of each of the first kinds; the others several in one run. */
async function flips(
  kind: WorldKind,
  amount: number,
  find: Find,
  kinds: readonly Spot["kind"][],
): Promise<Outcome> {
  const stage = await sharedStage(kind, SIZE);
  await using site = await stage.site({ inline: true, config: { grace: "1h" } });
  const home = await tempFolder("rot");
  try {
    const base = join(home, "base");
    await prepare(stage, site);
    await must("cp", ["-a", site.data, base]);
    const spots = await spotsIn(site);
    const random = randomOf(amount);
    const outcomes = new Map<string, number>();
    for (const chosen of rounds(spots, amount, random, kinds)) {
      await restore(site, base);
      await oneRound(stage, site, base, chosen, random, find);
      for (const { kind: name } of chosen) outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    }
    const tried = [...outcomes.values()].reduce((sum, times) => sum + times, 0);
    return { tried, outcomes: Object.fromEntries(outcomes) };
  } finally {
    await removeFolder(home);
  }
}

/** Two snapshots that channels hold, records with several versions, and blobs that no snapshot needs. */
async function prepare(stage: Stage, site: SluiceSite): Promise<void> {
  assertSynced(await site.sync("m"), "updated");
  const [old = ""] = await site.ids("m");
  await site.ok("promote", "latest", "stable", "--yes");
  stage.serve("new");
  assertSynced(await site.sync("m"), "updated");
  await site.ok("promote", "latest", "stable", "--yes");
  await site.ok("rollback", "stable", "--yes");
  await site.ok("snapshot", "pin", `m@${old}`);
  await site.ok("snapshot", "unpin", `m@${old}`);
  const orphan = Buffer.from("of a sync that was killed, long ago");
  const name = createHash("sha256").update(orphan).digest("hex");
  const folder = join(site.data, "blobs/sha256", name.slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name.slice(2)), orphan);
  await utimes(join(folder, name.slice(2)), 0, 0);
  await site.ok("gc");
}

async function restore(site: SluiceSite, base: string): Promise<void> {
  await rm(site.data, { recursive: true, force: true });
  await must("cp", ["-a", base, site.data]);
}

/** Kinds that rot together: a tree is looked at once all blobs of its snapshot are sound, and gc goes by sound records alone. */
const TOGETHER: readonly (readonly Spot["kind"][])[] = [
  SPOT_KINDS.filter((kind) => kind !== "record" && kind !== "copy of a root"),
  ["copy of a root"],
  ["record"],
];

/** Which spots to hit in each round: one of each kind in turn, then many at once. */
function rounds(
  spots: readonly Spot[],
  amount: number,
  random: () => number,
  inTurn: readonly Spot["kind"][],
): Spot[][] {
  const pick = (kind: Spot["kind"]): Spot => {
    const some = spots.filter((spot) => spot.kind === kind);
    const one = some[Math.floor(random() * some.length)];
    ok(one, `the site has no ${kind}`);
    return one;
  };
  const single = amount < 100 ? inTurn.length / 2 : Math.ceil(amount / 2);
  const all = Array.from({ length: single }, (_, at) => [pick(inTurn[at % inTurn.length] ?? "package")]);
  for (let left = amount - single; left > 0;) {
    const kinds = TOGETHER[(all.length - single) % TOGETHER.length] ?? [];
    const many = new Map<string, Spot>();
    for (let tries = 0; many.size < Math.min(BATCH, left) && tries < 100; tries++) {
      const spot = pick(kinds[tries % kinds.length] ?? "package");
      many.set(spot.file, spot);
    }
    all.push([...many.values()]);
    left -= many.size;
  }
  return all;
}

async function oneRound(
  stage: Stage,
  site: SluiceSite,
  base: string,
  chosen: readonly Spot[],
  random: () => number,
  find: Find,
): Promise<void> {
  const before = await contents(site.data);
  const expected = new Map(before);
  for (const { file, sha256, kind } of chosen) {
    const path = join(site.data, file);
    const { ino } = await lstat(path);
    await flipAt(path, random());
    const flipped = await digestOf(path);
    ok(flipped !== before.get(file));
    if (kind === "record") expected.set(file, flipped);
    if (sha256 === undefined) continue;
    for (const name of await namesOf(site.data, ino)) expected.delete(name);
    expected.set(`quarantine/${sha256}`, flipped);
  }
  const what = chosen.map(({ kind, file }) => `${kind} ${file}`).join("\n");
  const told = await find(site);
  for (const { name, kind } of chosen)
    ok(
      told.some((line) => line.includes(name)),
      `${kind} ${name} is not named in\n${told.join("\n")}`,
    );
  assertSame(await contents(site.data), expected, `after it was found: ${what}`);

  const records = chosen.filter(({ kind }) => kind === "record");
  if (records.length > 0) await goOn(stage, site);
  for (const { file } of records) await copyFile(join(base, file), join(site.data, file));
  equal((await site.sync("m")).error, undefined, what);
  const lost = chosen.filter(({ sha256, repairable }) => sha256 !== undefined && !repairable);
  if (lost.length > 0) await bringBack(site, base, lost);
  const { code, stderr } = await site.run("verify");
  equal(code, 0, `${what}\n${stderr}`);
  await agesOf(stage, site);
  if (records.length === 0) assertSame(await contents(site.data), before, `after the repair: ${what}`);
}

/** With a record that has rotted: whatever does not rest on it may be done, and nothing else. That nothing is written behind it shows when it is whole again. */
async function goOn(stage: Stage, site: SluiceSite): Promise<void> {
  const { world, server } = stage;
  // Here gc would delete at once what nothing seems to need.
  await site.configure({ m: world.mirror(server.url, { keep: { last: 1 } }) }, { grace: "0s" });
  for (const args of [
    ["sync", "m"],
    ["promote", "latest", "stable", "--yes"],
    ["gc"],
    ["rollback", "stable", "--yes"],
    ["gc"],
  ]) {
    const ran = await site.run(...args);
    if (ran.code === 0) continue;
    match(ran.stderr, /error\[(ref_corrupt|nothing_to_do)\]/, args.join(" "));
  }
  await site.configure({ m: world.mirror(server.url) });
}

/** Puts back from a backup what the upstream has no more. */
async function bringBack(site: SluiceSite, base: string, lost: readonly Spot[]): Promise<void> {
  const needed = lost.filter(({ kind }) => kind !== "needed by no snapshot");
  const ran = await site.run("verify");
  equal(ran.code, needed.length > 0 ? 1 : 0, ran.stderr);
  // What hides behind a manifest that is lost itself is not known.
  if (!needed.some(({ kind }) => kind === "manifest"))
    for (const { name } of needed)
      ok(ran.stderr.includes(name), `${name} is not named again in ${ran.stderr}`);
  for (const { file } of lost) await copyFile(join(base, file), join(site.data, file));
  equal((await site.sync("m")).error, undefined);
}

/** What each file of a data folder holds, and where each link leads, but for what is derived of the moment. */
async function contents(data: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of ["blobs", "refs", "trees", "quarantine", "identity"])
    for (const path of await filesBelow(join(data, folder))) {
      const file = join(data, folder, path);
      const isLink = (await lstat(file)).isSymbolicLink();
      found.set(`${folder}/${path}`, isLink ? `-> ${await readlink(file)}` : await digestOf(file));
    }
  return found;
}

async function digestOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

/** All names of an inode, relative to the data folder. */
async function namesOf(data: string, inode: number): Promise<string[]> {
  const names: string[] = [];
  for (const folder of ["blobs", "trees"])
    for (const path of await filesBelow(join(data, folder)))
      if ((await lstat(join(data, folder, path))).ino === inode) names.push(`${folder}/${path}`);
  return names;
}

function assertSame(
  found: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
  what: string,
): void {
  const paths = new Set([...found.keys(), ...expected.keys()]);
  const differ = [...paths].filter((path) => found.get(path) !== expected.get(path));
  deepEqual(
    differ.map((path) => [path, found.get(path) ?? "is missing"]),
    differ.map((path) => [path, expected.get(path) ?? "is missing"]),
    what,
  );
}
