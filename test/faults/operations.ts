import { equal, match } from "node:assert/strict";
import { jsonLines, refused } from "../clients/sluice.ts";
import type { SluiceSite } from "../clients/sluice.ts";
import { assertSynced } from "../e2e/apt/lab.ts";
import type { SiteOptions, Stage } from "./stage.ts";
import type { Age, WorldSize } from "./world.ts";

/** Which state each channel holds; one that is not named is not there. */
export type Channels = Readonly<Record<string, Age>>;

/** A command that is to be struck in its middle: what a site is like before it, and what must be true after it. */
export interface Operation {
  readonly name: string;
  readonly args: readonly string[];
  readonly site: Pick<SiteOptions, "mirror" | "config">;
  /** What the upstream has when it runs. */
  readonly upstream: Age;
  readonly before: Channels;
  readonly after: Channels;
  /** Brings a fresh site there; the upstream has its old state. */
  prepare(stage: Stage, site: SluiceSite): Promise<void>;
  /** What an operator does who sees that it did not come to its end. */
  again(site: SluiceSite): Promise<void>;
  /** A run that must find nothing to do. */
  idle(site: SluiceSite): Promise<void>;
}

export const CONNECTIONS = 2;
const MIRROR = { connections: CONNECTIONS, pipelining: 1 };

async function syncAgain(site: SluiceSite): Promise<void> {
  equal((await site.sync("m")).error, undefined);
}

async function syncIdle(site: SluiceSite): Promise<void> {
  assertSynced(await site.sync("m"), "unchanged");
}

async function toOld(_stage: Stage, site: SluiceSite): Promise<void> {
  assertSynced(await site.sync("m"), "updated");
  await site.ok("promote", "latest", "stable", "--yes");
}

/** Both states are there: `stable` has the old one, `latest` the new one. */
async function toBoth(stage: Stage, site: SluiceSite): Promise<void> {
  await toOld(stage, site);
  stage.serve("new");
  assertSynced(await site.sync("m"), "updated");
}

const promote = ["promote", "latest", "stable", "--yes"];
const rollback = ["rollback", "stable", "--yes"];

export const FIRST_SYNC: Operation = {
  name: "first sync",
  args: ["sync", "m"],
  site: { mirror: MIRROR },
  upstream: "old",
  before: {},
  after: { latest: "old" },
  prepare: async () => undefined,
  again: syncAgain,
  idle: syncIdle,
};

export const UPDATE: Operation = {
  ...FIRST_SYNC,
  name: "sync of an update",
  upstream: "new",
  before: { latest: "old", stable: "old" },
  after: { latest: "new", stable: "old" },
  prepare: toOld,
};

export const PROMOTE: Operation = {
  name: "promote",
  args: promote,
  site: { mirror: MIRROR },
  upstream: "new",
  before: { latest: "new", stable: "old" },
  after: { latest: "new", stable: "new" },
  prepare: toBoth,
  again: async (site) => void (await site.ok(...promote)),
  async idle(site) {
    match((await site.ok(...promote)).stdout, /nothing to change/);
  },
};

export const ROLLBACK: Operation = {
  name: "rollback",
  args: rollback,
  site: { mirror: MIRROR },
  upstream: "new",
  before: { latest: "new", stable: "new" },
  after: { latest: "new", stable: "old" },
  async prepare(stage, site) {
    await toBoth(stage, site);
    await site.ok(...promote);
  },
  async again(site) {
    const ran = await site.run(...rollback);
    // It was made already, and there is nothing before it.
    if (ran.code !== 0) refused(ran, "nothing_to_do");
  },
  idle: async (site) => void (await site.ok("verify")),
};

/** The old snapshot is held by nothing: gc gives it up, and deletes at once what it alone had. */
export const GC: Operation = {
  name: "gc",
  args: ["gc"],
  site: { mirror: { ...MIRROR, keep: { last: 1 } }, config: { grace: "0s" } },
  upstream: "new",
  before: { latest: "new", stable: "new" },
  after: { latest: "new", stable: "new" },
  prepare: ROLLBACK.prepare,
  again: async (site) => void (await site.ok("gc")),
  async idle(site) {
    const { stdout } = await site.ok("gc", "--json");
    const [done] = jsonLines<Record<"condemnedBlobs" | "deletedBlobs", number>>(stdout);
    equal(done?.condemnedBlobs, 0, stdout);
    equal(done.deletedBlobs, 0, stdout);
  },
};

/** Files that are held in memory until they are proven: enough of them that there are as many places to strike. */
export function smallFiles(amount: number): WorldSize {
  return { packages: amount > 20 ? 24 : 12, bytesEach: 20_000 };
}

/** So many that a thread of their own writes the last of them. */
export function manyFiles(): WorldSize {
  return { packages: 90, bytesEach: 1000 };
}

/** Files that are written as they come. */
export function largeFiles(): WorldSize {
  return { packages: 6, bytesEach: 300_000 };
}
