import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import type { SluiceSite, SyncLine } from "../clients/sluice.ts";
import { faultyProxy } from "../servers/faulty-proxy.ts";
import type { FaultyProxy, Proxied, ProxyFault } from "../servers/faulty-proxy.ts";
import { staticServer } from "../servers/static.ts";
import type { StaticServer } from "../servers/static.ts";
import { smallFiles } from "./operations.ts";
import { copyData } from "./scene.ts";
import { agesOf, assertSound, sharedStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Age, WorldKind } from "./world.ts";

const LANES = 3;
/** Far more than any try takes, and far less than one that hangs. */
const MOST_SECONDS = 60;
/** Requests of one run, in those of a clean one. */
const MOST_TIMES = 6;

/** An upstream behind a proxy that can go wrong, and a site that has its old state. */
export interface Lane extends AsyncDisposable {
  readonly stage: Stage;
  readonly server: StaticServer;
  readonly stale: StaticServer;
  readonly proxy: FaultyProxy;
  readonly old: SluiceSite;
}

type Run = SyncLine & { readonly code: number | null };

export interface Lanes extends AsyncDisposable {
  readonly lanes: readonly [Lane, ...Lane[]];
}

async function openLane(stage: Stage): Promise<Lane> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await staticServer(stage.world.states.old));
  const stale = opened.use(await staticServer(stage.world.states.old));
  const proxy = opened.use(await faultyProxy(server.url));
  const old = opened.use(await stage.site({ url: proxy.url, inline: true }));
  equal((await old.sync("m")).result, "updated");
  const all = opened.move();
  return { stage, server, stale, proxy, old, [Symbol.asyncDispose]: async () => all.disposeAsync() };
}

export interface Try {
  /** From nothing, or from the old state. */
  readonly first: boolean;
  /** What the upstream has; the new state by default. */
  readonly root?: Age;
  readonly mirror: Readonly<Record<string, unknown>>;
  readonly onRequest?: (request: Proxied) => ProxyFault | undefined;
}

/** One sync against a faulty upstream, in bounded time and requests; `then` looks at what it left, with the upstream sound again and at its new state. */
export async function attempt<T>(
  { stage, server, proxy, old }: Lane,
  { first, root = "new", mirror, onRequest }: Try,
  then: (site: SluiceSite, run: Run) => Promise<T>,
): Promise<T> {
  await using site = await stage.site({ url: proxy.url, inline: true, mirror: { timeout: "2s", ...mirror } });
  if (!first) await copyData(old.data, site.data);
  server.root = stage.world.states[root];
  proxy.clear();
  proxy.onRequest = onRequest;
  const began = performance.now();
  const run = await site.sync("m");
  const seconds = (performance.now() - began) / 1000;
  ok(seconds < MOST_SECONDS, `it took ${seconds} s`);
  const most = MOST_TIMES * stage.whole.new.requests;
  ok(proxy.requests.length < most, `${proxy.requests.length} requests`);
  proxy.onRequest = undefined;
  server.root = stage.world.states.new;
  return await then(site, run);
}

/** What a run came to: a whole state, with exit 0; or a refusal with a code, exit 1, and the state before as it was. */
export async function outcomeOf(
  { stage }: Lane,
  site: SluiceSite,
  first: boolean,
  run: Run,
): Promise<string> {
  if (run.error === undefined) {
    const { latest } = await agesOf(stage, site);
    deepEqual([run.code, run.result], [0, latest === "new" || first ? "updated" : "unchanged"]);
    return latest ?? "nothing";
  }
  const { latest } = await assertSound(stage, site);
  deepEqual([run.code, run.result, latest], [1, "failed", first ? undefined : "old"]);
  notEqual(run.error.code, "internal", run.error.message);
  match(run.error.message, /^[^\n]{20,600}$/);
  return `refused: ${run.error.code}`;
}

/** As many as there are tries at once. */
export async function openLanes(kind: WorldKind, amount: number): Promise<Lanes> {
  await using opened = new AsyncDisposableStack();
  const stage = await sharedStage(kind, smallFiles(amount));
  const lanes: [Lane, ...Lane[]] = [opened.use(await openLane(stage))];
  while (lanes.length < LANES) lanes.push(opened.use(await openLane(stage)));
  const all = opened.move();
  return { lanes, [Symbol.asyncDispose]: async () => all.disposeAsync() };
}

/** Requests that a clean sync takes, from nothing and from the old state. */
export async function requestsOf(lane: Lane): Promise<{ first: number; update: number }> {
  const count = async (first: boolean): Promise<number> =>
    attempt(lane, { first, mirror: {} }, async (_site, run) => {
      equal(run.result, "updated");
      return lane.proxy.requests.length;
    });
  return { first: await count(true), update: await count(false) };
}
