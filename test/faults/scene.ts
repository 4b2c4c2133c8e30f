import { equal } from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { killPoints, STRIKE_CALLS, STRIKE_ENV } from "./kill-points.ts";
import { CONNECTIONS } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { sharedStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import { skipStrace, trace } from "./strace.ts";
import type { CallPoint } from "./strace.ts";
import type { WorldKind, WorldSize } from "./world.ts";

/** What an undisturbed run took, and one that had nothing to do. */
export interface Effort {
  readonly ms: number;
  readonly bytes: number;
  /** Bytes that a run which goes on may fetch a second time: what was on its way, roots and indices. */
  readonly again: number;
  readonly idleRequests: number;
}

/** An operation that can be struck again and again, always from the same state. */
export interface Scene extends AsyncDisposable {
  readonly stage: Stage;
  readonly operation: Operation;
  /** The data folder before the operation; not there before the first sync. */
  readonly before: string;
  readonly effort: Effort;
  /** Calls to strike at, evenly spread over the run; none where strace is missing. */
  points(amount: number): readonly CallPoint[];
}

/** Prepares the state before an operation, and runs it once undisturbed; `traced`: so that there are calls to strike at. */
export async function openScene(
  kind: WorldKind,
  size: WorldSize,
  operation: Operation,
  traced = skipStrace === false,
): Promise<Scene> {
  const stage = await sharedStage(kind, size);
  await using opened = new AsyncDisposableStack();
  const home = await tempFolder("scene");
  opened.defer(async () => await removeFolder(home));
  const before = join(home, "before");
  await using prepared = await siteFor(stage, operation, before);
  await operation.prepare(stage, prepared);

  await using site = await siteFor(stage, operation);
  await copyData(before, site.data);
  stage.serve(operation.upstream);
  const began = performance.now();
  const { ran, calls } = traced
    ? await trace(site, operation.args, [...STRIKE_CALLS, "execve"], STRIKE_ENV)
    : { ran: await site.start(...operation.args).done, calls: [] };
  equal(ran.code, 0, ran.stderr);
  const ms = performance.now() - began;
  const { bytes, again } = fetched(stage);
  stage.server.clear();
  await operation.idle(site);
  const effort = { ms, bytes, again, idleRequests: stage.server.requests.length };
  const all = opened.move();
  return {
    stage,
    operation,
    before,
    effort,
    points: (amount) => killPoints(calls, site.data, amount),
    [Symbol.asyncDispose]: async () => await all.disposeAsync(),
  };
}

function fetched({ server, world }: Stage): { bytes: number; again: number } {
  const sizes = server.requests.map((request) => request.bytes);
  const sum = (some: readonly number[]): number => some.reduce((total, one) => total + one, 0);
  const ending = extname(world.ownPackage.old);
  const others = server.requests.filter(({ path }) => !path.endsWith(ending)).map(({ bytes }) => bytes);
  return { bytes: sum(sizes), again: sum(others) + CONNECTIONS * Math.max(0, ...sizes) };
}

/** A site for an operation with its data in this folder; its runs are made in this process, but for those that are struck. */
export async function siteFor(stage: Stage, { site }: Operation, data?: string): Promise<SluiceSite> {
  return await stage.site({ ...site, inline: true, data });
}

/** Copies a data folder with its hard links; leaves nothing where there is none. */
export async function copyData(from: string, to: string): Promise<void> {
  const isThere = (await lstat(from).catch(() => undefined)) !== undefined;
  if (isThere) await must("cp", ["-a", from, to]);
}
