import { deepEqual, equal, match, ok } from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { digestsServed } from "../e2e/apt/lab.ts";
import { openClockBase, openClockSite } from "./clock-site.ts";
import type { ClockBase, ClockSite } from "./clock-site.ts";
import { falseClock, skipFalseClock } from "./false-clock.ts";
import type { Offset } from "./false-clock.ts";
import type { Fault, Outcome } from "./fault.ts";
import { smallFiles } from "./operations.ts";
import { agesOf } from "./stage.ts";
import { oneByOne } from "./struck.ts";
import type { Age, WorldKind } from "./world.ts";

const BEHIND: Offset = -3650;
const AHEAD: Offset = 3650;

/** Where the clock stands, one after the other; then it is right again. */
const JUMPS: readonly (readonly [Offset, ...Offset[]])[] = [
  [BEHIND, AHEAD],
  [AHEAD, BEHIND],
  [AHEAD],
  [BEHIND],
  [BEHIND, 0, AHEAD],
  [AHEAD, 0, BEHIND],
];

const OPERATIONS = {
  "sync, promote, gc": async (site: ClockSite, offset: Offset) => {
    if (await nextSync(site, offset)) await well(site, offset, "promote", "latest", "stable", "--yes");
    await well(site, offset, "gc");
  },
  gc: async (site: ClockSite, offset: Offset) => await well(site, offset, "gc"),
  serve: async (site: ClockSite, offset: Offset) => await serveAll(site, offset),
  rollback: async (site: ClockSite, offset: Offset) => {
    const { code, stderr } = await site.at(offset, "rollback", "stable", "--yes");
    if (code !== 0) match(stderr, /error\[nothing_to_do\]/);
  },
  promote: async (site: ClockSite, offset: Offset) => {
    await well(site, offset, "promote", `m@${await otherThanStable(site)}`, "stable", "--yes");
  },
  sync: async (site: ClockSite, offset: Offset) => await nextSync(site, offset),
  "first sync": async (site: ClockSite, offset: Offset) => await nextSync(site, offset),
  look: async (site: ClockSite, offset: Offset) => {
    await well(site, offset, "verify");
    await well(site, offset, "list");
  },
} as const;

type Operation = keyof typeof OPERATIONS;

/** What a sync may say of metadata that a wrong clock takes for expired, or not yet made. */
const REFUSALS = /error\[(root_future|root_expired|key_expired)\]/;

/** A command that the clock must not keep from its work. */
async function well(site: ClockSite, offset: Offset, ...args: readonly string[]): Promise<void> {
  const ran = await site.at(offset, ...args);
  equal(ran.code, 0, `sluice ${args.join(" ")} at ${offset} days: ${ran.stderr}`);
}

/** The upstream has the other state; true where it was taken. */
async function nextSync(site: ClockSite, offset: Offset): Promise<boolean> {
  const { stage } = site;
  const next: Age = site.age === "old" ? "new" : "old";
  stage.serve(next);
  const ran = await site.at(offset, "sync", "m");
  if (offset === 0) equal(ran.code, 0, ran.stderr);
  if (ran.code !== 0) match(ran.stderr, REFUSALS);
  if (ran.code === 0) site.age = next;
  const { latest = site.age } = await agesOf(stage, site.site);
  equal(latest, site.age);
  return ran.code === 0;
}

async function otherThanStable({ site }: ClockSite): Promise<string> {
  const { snapshots, channels } = await site.mirror("m");
  const other = snapshots.map(({ id }) => id).filter((id) => id !== channels["stable"]);
  return other.at(-1) ?? "";
}

/** All that a channel holds is served; what has just left it too, unless the clock says that this was long ago. */
async function serveAll({ stage, site }: ClockSite, offset: Offset): Promise<void> {
  const age = (await agesOf(stage, site))["stable"] ?? "old";
  const left: Age = age === "old" ? "new" : "old";
  site.env = falseClock(offset);
  await using served = await site.serve();
  site.env = {};
  const { tree } = stage.whole[age];
  deepEqual(await digestsServed(`${served.url}/m/stable`, tree.keys()), tree);
  const { status } = await fetch(`${served.url}/m/stable/${stage.world.ownPackage[left]}`);
  ok(status === 200 || offset > 0, `what left the channel a moment ago answers ${status}`);
}

interface Try {
  readonly operation: Operation;
  readonly jumps: readonly Offset[];
  readonly allowExpired: boolean;
}

async function attempt(base: ClockBase, { operation, jumps, allowExpired }: Try): Promise<string> {
  const fresh = operation === "first sync";
  await using site = await openClockSite(base, { fresh, allowExpired });
  for (const offset of jumps) await OPERATIONS[operation](site, offset);
  // The clock is right again: all goes on, and what waited in vain because of it goes in the end. A channel that has moved back holds more.
  while ((await nextSync(site, 0)) && site.age === "old");
  await well(site, 0, "promote", "latest", "stable", "--yes");
  await well(site, 0, "verify");
  await well(site, 0, "audit");
  await well(site, 0, "list");
  await assertComesToRest(site, base);
  return jumps.map((offset) => (offset < 0 ? "behind" : offset > 0 ? "ahead" : "right")).join(", ");
}

/** Days later, gc gives up what nothing holds any more, and deletes it. */
async function assertComesToRest({ site }: ClockSite, { garbage }: ClockBase): Promise<void> {
  for (const later of [3, 6]) {
    site.env = falseClock(later);
    await site.ok("gc");
  }
  site.env = {};
  const { snapshots } = await site.mirror("m");
  equal(snapshots.length, 1, "gc gives up what has no grace any more");
  const there = await stat(join(site.data, garbage)).catch(() => undefined);
  equal(there, undefined, "gc deletes what nothing reaches");
}

async function jumping(kind: WorldKind, amount: number): Promise<Outcome> {
  await using base = await openClockBase(kind, smallFiles(1));
  const operations = Object.keys(OPERATIONS) as Operation[];
  const tries = Array.from({ length: amount }, (_, nth): Try => {
    const round = Math.floor(nth / operations.length);
    return {
      operation: operations[nth % operations.length] ?? "sync",
      jumps: JUMPS[(nth + round) % JUMPS.length] ?? [],
      allowExpired: round % 2 === 1,
    };
  });
  return await oneByOne(tries, async (one) => await attempt(base, one));
}

/** The clock of the host is wrong by ten years, and then right again. */
export const clock: readonly Fault[] = [
  {
    name: "clock jumps",
    promise: "nothing is lost, nothing is out of order, and it is told",
    engine: true,
    quick: 2,
    long: 96,
    skip: skipFalseClock,
    run: jumping,
  },
];
