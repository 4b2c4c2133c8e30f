import { deepEqual, equal, ok } from "node:assert/strict";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { filesBelow } from "../upstreams/apt.ts";
import type { Outcome } from "./fault.ts";
import type { Channels } from "./operations.ts";
import { copyData, siteFor } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { agesOf, assertSound } from "./stage.ts";
import type { Age } from "./world.ts";

/**
 * Holds what must be true of a site that was struck, before anything else runs on it: each channel is as before or as after. It is looked at in a copy, so that
 * the next run is the first that meets what the strike has left. Returns where the links of the channels are.
 */
export async function assertBetween(scene: Scene, site: SluiceSite): Promise<Channels> {
  const { before, after } = scene.operation;
  await using twin = await siteFor(scene.stage, scene.operation);
  await copyData(site.data, twin.data);
  const linked = await assertSound(scene.stage, twin);
  // To verify puts the links where the records say.
  const recorded = await agesOf(scene.stage, twin);
  for (const name of Object.keys(after))
    for (const age of [linked[name], recorded[name]])
      ok([before[name], after[name]].includes(age), `channel ${name} is ${age ?? "not there"}`);
  return channelsOf(scene, linked);
}

function channelsOf({ operation }: Scene, ages: Readonly<Record<string, Age>>): Channels {
  return Object.fromEntries(Object.entries(ages).filter(([name]) => Object.hasOwn(operation.after, name)));
}

/** Holds that running it again brings the site to its end, and that a run after that finds nothing to do. `most`: bytes that the server may have sent then. */
export async function assertGoesOn(scene: Scene, site: SluiceSite, most: number): Promise<void> {
  const { operation, effort } = scene;
  const { server } = scene.stage;
  await operation.again(site);
  const bytes = server.requests.reduce((sum, request) => sum + request.bytes, 0);
  ok(bytes <= most, `${bytes} bytes were fetched, ${most} are the most`);
  deepEqual(channelsOf(scene, await assertSound(scene.stage, site)), operation.after);
  deepEqual(await litter(site.data), [], "nothing is left behind");
  const before = await marksOf(site.data);
  server.clear();
  await operation.idle(site);
  equal(server.requests.length, effort.idleRequests, "requests of a run that has nothing to do");
  deepEqual(changed(before, await marksOf(site.data)), [], "a run that has nothing to do changes nothing");
}

/** What a run has for a time only. */
async function litter(data: string): Promise<string[]> {
  const names = await filesBelow(data);
  return names.filter((name) => /^tmp\/|^locks\/open-.*\.db$|^identity\/.*\.tmp$/.test(name));
}

/** What marks the present state of all that a run with nothing to do must leave alone: any change makes a new ctime. */
async function marksOf(
  data: string,
  below = "",
  into = new Map<string, string>(),
): Promise<Map<string, string>> {
  for (const entry of await readdir(join(data, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    // Whoever takes a lock leaves a note beside it for that time.
    if (path === "locks" || path === "tmp") continue;
    const { ino, ctimeNs } = await lstat(join(data, path), { bigint: true });
    into.set(path, `${ino} ${ctimeNs}`);
    if (entry.isDirectory()) await marksOf(data, path, into);
  }
  return into;
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
}

/** Makes one try after the other, since the bytes that a server sends are counted; the first that fails is named. */
export async function oneByOne<T>(tries: readonly T[], one: (item: T) => Promise<string>): Promise<Outcome> {
  const outcomes: Record<string, number> = {};
  for (const [nth, item] of tries.entries()) {
    try {
      const outcome = await one(item);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`try ${nth + 1} of ${tries.length}, ${JSON.stringify(item)}: ${message}`, {
        cause: error,
      });
    }
  }
  return { tried: tries.length, outcomes };
}
