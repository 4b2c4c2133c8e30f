import type { SluiceSite } from "../clients/sluice.ts";
import type { Fault, Outcome } from "./fault.ts";
import { STRIKE_ENV } from "./kill-points.ts";
import {
  FIRST_SYNC,
  GC,
  largeFiles,
  manyFiles,
  PROMOTE,
  ROLLBACK,
  smallFiles,
  UPDATE,
} from "./operations.ts";
import type { Operation } from "./operations.ts";
import { copyData, openScene, siteFor } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { killAt, skipStrace } from "./strace.ts";
import type { CallPoint } from "./strace.ts";
import { assertBetween, assertGoesOn, oneByOne } from "./struck.ts";
import type { WorldKind, WorldSize } from "./world.ts";

/** Where a run is killed: at a call of it, or, where those cannot be counted, after a time. */
type Where = CallPoint | { readonly ms: number };

function places(scene: Scene, amount: number): readonly Where[] {
  if (skipStrace === false) return scene.points(amount);
  return Array.from({ length: amount }, (_, nth) => ({ ms: (scene.effort.ms * (nth + 0.5)) / amount }));
}

/** Runs a command of the site and kills it there; false where it came to its end before. */
async function kill(site: SluiceSite, args: readonly string[], where: Where): Promise<boolean> {
  if ("nth" in where) return (await killAt(site, args, where, STRIKE_ENV)).signal === "SIGKILL";
  const running = site.start(...args);
  const timer = setTimeout(() => running.kill("SIGKILL"), where.ms);
  const { signal } = await running.done;
  clearTimeout(timer);
  return signal === "SIGKILL";
}

/** Kills one run after the other at these places. */
async function attempt(scene: Scene, where: readonly Where[]): Promise<string> {
  const { stage, operation, effort } = scene;
  await using site = await siteFor(stage, operation);
  await copyData(scene.before, site.data);
  stage.server.clear();
  let killed = true;
  for (const one of where) killed = await kill(site, operation.args, one);
  const channels = await assertBetween(scene, site);
  // All runs together: what an earlier one had is not fetched again.
  await assertGoesOn(scene, site, effort.bytes + where.length * effort.again);
  if (!killed) return "came to its end first";
  const moved = Object.entries(operation.after).every(([name, age]) => channels[name] === age);
  return moved ? "new state seen" : "old state seen";
}

/** Kills a run of the operation at each of `amount` points; `twice`: the run that goes on too, somewhere else. */
export async function killScene(scene: Scene, amount: number, twice?: true): Promise<Outcome> {
  const once = places(scene, amount);
  const other = (nth: number): Where | undefined => once[(nth * 37 + 11) % once.length];
  const tries = once.map((where, nth) =>
    [where, twice === true ? other(nth) : undefined].filter((one) => one !== undefined),
  );
  return await oneByOne(tries, async (where) => await attempt(scene, where));
}

export const KILLED =
  "kill -9 at any call: old or new is seen, the next run goes on, the one after has nothing to do";

interface Kills {
  readonly operation: Operation;
  readonly size: (amount: number) => WorldSize;
  readonly quick: number;
  readonly name?: string;
  /** The run that goes on is killed too, at each time somewhere else. */
  readonly twice?: true;
  readonly engine?: true;
}

function killing({ operation, size, quick, name = operation.name, twice, engine }: Kills): Fault {
  return {
    name: `killed: ${name}`,
    promise: KILLED,
    ...(engine && { engine }),
    quick,
    long: 100,
    skip: false,
    async run(kind: WorldKind, amount: number): Promise<Outcome> {
      await using scene = await openScene(kind, size(amount), operation);
      return await killScene(scene, amount, twice);
    },
  };
}

/** kill -9 at points spread evenly over the write-class system calls of a run. */
export const killed: readonly Fault[] = [
  killing({ operation: FIRST_SYNC, size: smallFiles, quick: 2 }),
  killing({
    operation: FIRST_SYNC,
    size: manyFiles,
    quick: 1,
    name: "first sync of many files",
    engine: true,
  }),
  killing({
    operation: FIRST_SYNC,
    size: largeFiles,
    quick: 1,
    name: "first sync of larger files",
    engine: true,
  }),
  killing({ operation: UPDATE, size: smallFiles, quick: 1 }),
  killing({
    operation: UPDATE,
    size: largeFiles,
    quick: 1,
    name: "update, and the run that goes on",
    twice: true,
    engine: true,
  }),
  killing({ operation: PROMOTE, size: smallFiles, quick: 2 }),
  killing({ operation: ROLLBACK, size: smallFiles, quick: 1 }),
  killing({ operation: GC, size: smallFiles, quick: 2 }),
];
