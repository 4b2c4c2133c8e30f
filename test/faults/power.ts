import { deepEqual, equal } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { sha256 } from "../e2e/apt/lab.ts";
import { filesBelow } from "../upstreams/apt.ts";
import type { Fault, Outcome } from "./fault.ts";
import { STRIKE_ENV } from "./kill-points.ts";
import { diskMould, skipDisks } from "./loop-disk.ts";
import type { DiskMould } from "./loop-disk.ts";
import { FIRST_SYNC, GC, PROMOTE, smallFiles, UPDATE } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { copyData, openScene, siteFor } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { killAt, skipStrace } from "./strace.ts";
import type { CallPoint } from "./strace.ts";
import { assertBetween, assertGoesOn, oneByOne } from "./struck.ts";
import type { WorldKind } from "./world.ts";

/**
 * Where the power is cut: at a call, or right after the command has said that it is done. `names`: the journal has just been committed by something else, so
 * that files are there by name, but without the bytes that nobody synced.
 */
type Where = (CallPoint & { readonly names: boolean }) | "the end";

/** The power is cut somewhere in an operation: all that was not durable is gone. */
async function attempt(scene: Scene, mould: DiskMould, where: Where): Promise<string> {
  const { stage, operation, effort } = scene;
  await using disk = await mould.cast();
  await using site = await siteFor(stage, operation, join(disk.folder, "data"));
  const before = await soundBytes(site);
  const { args } = operation;
  const ran =
    where === "the end" ? await site.start(...args).done : await killAt(site, args, where, STRIKE_ENV);
  await disk.cut(where !== "the end" && where.names);
  const channels = await assertBetween(scene, site);
  if (where === "the end") equal(ran.code, 0, ran.stderr);
  if (ran.code === 0) deepEqual(channels, operation.after, "what was reported done is there");
  const gained = (await soundBytes(site)) - before;
  stage.server.clear();
  // Some blobs are made here, and are in no sum of what was fetched.
  await assertGoesOn(scene, site, Math.max(0, effort.bytes - gained) + effort.again);
  if (ran.code === 0) return "all there after its end";
  const moved = Object.entries(operation.after).every(([name, age]) => channels[name] === age);
  return moved ? "new state seen" : "old state seen";
}

/** Bytes of the blobs that are what their names say. */
async function soundBytes({ data }: SluiceSite): Promise<number> {
  const folder = join(data, "blobs/sha256");
  let sum = 0;
  for (const name of await filesBelow(folder).catch(() => [])) {
    const bytes = await readFile(join(folder, name));
    if (sha256(bytes) === name.replace("/", "")) sum += bytes.length;
  }
  return sum;
}

function cutting(operation: Operation, quick: number): Fault {
  return {
    name: `power cut: ${operation.name}`,
    promise: "as after a kill, without all that was not durable; what was reported done stays",
    quick,
    long: 100,
    skip: skipStrace || skipDisks,
    async run(kind: WorldKind, amount: number): Promise<Outcome> {
      await using scene = await openScene(kind, smallFiles(amount), operation);
      await using mould = await diskMould(async (folder) => {
        await copyData(scene.before, join(folder, "data"));
      });
      const points = scene.points(amount - 1).map((point, nth) => ({ ...point, names: nth % 2 === 0 }));
      return await oneByOne<Where>(
        [...points, "the end"],
        async (where) => await attempt(scene, mould, where),
      );
    },
  };
}

export const power: readonly Fault[] = [
  cutting(FIRST_SYNC, 2),
  cutting(UPDATE, 2),
  cutting(PROMOTE, 2),
  cutting(GC, 2),
];
