import { deepEqual, equal, ok } from "node:assert/strict";
import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findChannel } from "../../src/channel/channels.ts";
import { encodePath } from "../../src/base/path.ts";
import type { ReadStore } from "../../src/store/contract.ts";
import { digestsBelow, sha256 } from "../e2e/apt/lab.ts";
import type { Tree } from "./stage.ts";

/** A server may give what it was told about channels for so long, in ms. */
const FRESH_MS = 500;

/** The number of the state that a tree is a whole copy of; anything else fails the test, naming paths that are wrong. */
export function stateOf(states: readonly Tree[], tree: Tree, what: string): number {
  const faults = states.map((wanted) => [
    ...[...tree].filter(([path, digest]) => wanted.get(path) !== digest).map(([path]) => path),
    ...[...wanted.keys()].filter((path) => !tree.has(path)).map((path) => `no ${path}`),
  ]);
  const found = faults.findIndex((some) => some.length === 0);
  const nearest = faults.toSorted((a, b) => a.length - b.length)[0] ?? [];
  if (found < 0) deepEqual(nearest.slice(0, 5), [], `${what} is no whole state`);
  return found;
}

/** Looks at a channel as a client of the trees does: it must be there, and one whole state. False where it has just been given up. */
export async function readTree(data: string, channel: string, states: readonly Tree[]): Promise<boolean> {
  const link = join(data, "trees/m", channel);
  if ((await lstat(link).catch(() => undefined)) === undefined) return false;
  // To follow three links is not one step: between them the channel may have moved. Without a pause, so that a link that is gone for a moment is seen.
  let folder: string | undefined;
  for (let tries = 0; tries < 20 && folder === undefined; tries++)
    folder = await realpath(link).catch(() => undefined);
  ok(folder, `${link} leads nowhere`);
  const tree = await digestsBelow(folder).catch((fault: unknown) => fault as Error);
  if ((await lstat(folder).catch(() => undefined)) === undefined) return false;
  if (tree instanceof Error) throw tree;
  stateOf(states, tree, `trees/m/${channel}`);
  return true;
}

/** Looks at a channel as a client over HTTP does: while it does not move, each file is that of one state. False where it moved. */
export async function readServed(
  url: string,
  store: ReadStore,
  channel: string,
  states: readonly Tree[],
): Promise<boolean> {
  const before = await findChannel(store, channel);
  if (before === undefined) return false;
  await sleep(FRESH_MS);
  const got = new Map<string, string>();
  for (const path of new Set(states.flatMap((state) => [...state.keys()]))) {
    const reply = await fetch(`${url}/m/${channel}/${encodePath(path)}`);
    const body = new Uint8Array(await reply.arrayBuffer());
    ok([200, 404].includes(reply.status), `${channel}/${path}: ${reply.status}`);
    if (reply.status !== 200) continue;
    const digest = sha256(body);
    ok(
      states.some((state) => state.get(path) === digest),
      `${channel}/${path} is a file of no state`,
    );
    got.set(path, digest);
  }
  if ((await findChannel(store, channel))?.version !== before.version) return false;
  // What has grace is there besides.
  const whole = states.filter((state) => [...state].every(([path, digest]) => got.get(path) === digest));
  equal(whole.length > 0, true, `what is served of ${channel} is no whole state`);
  return true;
}
