import { equal, match, notEqual, ok } from "node:assert/strict";
import { staticServer } from "../servers/static.ts";
import type { Proxied, ProxyFault } from "../servers/faulty-proxy.ts";
import type { Fault, Outcome } from "./fault.ts";
import { assertContinues } from "./stage.ts";
import { inLanes, randomOf } from "./tries.ts";
import { KINDS } from "./upstream-kinds.ts";
import type { UpstreamKind } from "./upstream-kinds.ts";
import { changing } from "./upstream-change.ts";
import { attempt, openLanes, outcomeOf, requestsOf } from "./upstream-lane.ts";
import type { Lane, Lanes } from "./upstream-lane.ts";
import type { WorldKind } from "./world.ts";

type Counts = Readonly<Record<"first" | "update", number>>;

/** One try: how many answers of which kind, from which request of the run on. */
interface Strike {
  readonly kind: UpstreamKind;
  readonly first: boolean;
  readonly at: number;
  /** A share of the answer. */
  readonly share: number;
  readonly connections: number;
}

/**
 * Spreads tries over kinds, and those of one kind over the requests of a sync and the bytes of an answer. A few tries cannot have all kinds: by `others`
 * they have other ones.
 */
function strikes(amount: number, counts: Counts, others: number): (nth: number) => Strike {
  const rounds = Math.ceil(amount / KINDS.length);
  const step = amount < KINDS.length ? KINDS.length / amount : 1;
  return (nth) => {
    const random = randomOf(nth);
    const first = random() < 1 / 3;
    const along = (Math.floor(nth / KINDS.length) + random()) / rounds;
    return {
      kind: KINDS[(Math.floor(nth * step) + others) % KINDS.length] ?? KINDS[0],
      first,
      at: 1 + Math.floor(along * counts[first ? "first" : "update"]),
      share: random(),
      connections: random() < 0.5 ? 1 : 4,
    };
  };
}

function labelOf({ kind, first, at }: Strike): string {
  return `${kind.name}, from request ${at} of a ${first ? "first" : "second"} sync on`;
}

/** Tries once for each strike, with the kinds that `others` tells. */
async function strikeEach(
  { lanes }: Lanes,
  amount: number,
  others: number,
  one: (lane: Lane, strike: Strike, nth: number) => Promise<string>,
): Promise<Outcome> {
  const strike = strikes(amount, await requestsOf(lanes[0]), others);
  return await inLanes(
    lanes,
    amount,
    (nth) => labelOf(strike(nth)),
    async (lane, nth) => await one(lane, strike(nth), nth),
  );
}

/** A fault that passes: retries get over it. */
async function passing(worldKind: WorldKind, amount: number): Promise<Outcome> {
  await using opened = await openLanes(worldKind, amount);
  return await strikeEach(opened, amount, 0, async (lane, { kind, first, at, share, connections }) => {
    let left = kind.strikes;
    const onRequest = ({ n, path }: Proxied): ProxyFault | undefined =>
      n >= at && left-- > 0 ? kind.fault(share, path, lane.stale.url) : undefined;
    return await attempt(
      lane,
      { first, mirror: { retries: 2, connections }, onRequest },
      async (site, run) => {
        ok(left < kind.strikes, "the fault was not met");
        const outcome = await outcomeOf(lane, site, first, run);
        const wanted = kind.silent ? /^(new|old|refused: (signature_\w+|root\w+))$/ : /^new$/;
        match(outcome, wanted, run.error?.message);
        await assertContinues(lane.stage, site, "new");
        return outcome;
      },
    );
  });
}

/** A fault that stays, for one path or for all: told of in bounded time, and gone with its cause. */
async function lasting(worldKind: WorldKind, amount: number): Promise<Outcome> {
  await using opened = await openLanes(worldKind, amount);
  return await strikeEach(opened, amount, 1, async (lane, { kind, first, at, share, connections }, nth) => {
    const everything = nth % 2 === 0;
    let struck: string | undefined;
    const onRequest = ({ n, path }: Proxied): ProxyFault | undefined => {
      if (n >= at) struck ??= path;
      return struck === path || (struck !== undefined && everything)
        ? kind.fault(share, path, lane.stale.url)
        : undefined;
    };
    return await attempt(
      lane,
      { first, mirror: { retries: 1, connections }, onRequest },
      async (site, run) => {
        notEqual(struck, undefined, "the fault was not met");
        const outcome = await outcomeOf(lane, site, first, run);
        await assertContinues(lane.stage, site, "new");
        return outcome;
      },
    );
  });
}

/** One upstream of two is at fault for good: the other one serves. */
async function oneOfTwo(worldKind: WorldKind, amount: number): Promise<Outcome> {
  await using opened = await openLanes(worldKind, amount);
  await using spare = await staticServer(opened.lanes[0].stage.world.states.new);
  return await strikeEach(opened, amount, 3, async (lane, { kind, first, at, share, connections }) => {
    const onRequest = ({ n, path }: Proxied): ProxyFault | undefined =>
      n >= at ? kind.fault(share, path, lane.stale.url) : undefined;
    const mirror = { upstream: [lane.proxy.url, spare.url], retries: 0, connections };
    return await attempt(lane, { first, mirror, onRequest }, async (site, run) => {
      const outcome = await outcomeOf(lane, site, first, run);
      // What is old and whole cannot be told from the newest that there is.
      if (kind.name !== "stale") equal(outcome, "new", run.error?.message);
      await assertContinues(lane.stage, site, "new");
      return outcome;
    });
  });
}

/** A server that answers the first of the requests sent ahead, or the first few, and closes the connection. */
async function brokenPipelines(worldKind: WorldKind, amount: number): Promise<Outcome> {
  await using opened = await openLanes(worldKind, amount);
  const every = (nth: number): number => 1 + (nth % 4);
  return await inLanes(
    opened.lanes,
    amount,
    (nth) => `closed after ${every(nth)} answers`,
    async (lane, nth) => {
      const first = nth % 3 !== 0;
      const mirror = { retries: 2, connections: 2, pipelining: 8 };
      const onRequest = ({ nthHere }: Proxied): ProxyFault | undefined =>
        nthHere >= every(nth) ? { kind: "close" } : undefined;
      return await attempt(lane, { first, mirror, onRequest }, async (site, run) => {
        const outcome = await outcomeOf(lane, site, first, run);
        equal(outcome, "new", run.error?.message);
        await assertContinues(lane.stage, site, "new");
        return outcome;
      });
    },
  );
}

export const upstream: readonly Fault[] = [
  {
    name: "upstream: a fault that passes",
    promise: "the run gets over it by itself",
    quick: 8,
    long: 200,
    skip: false,
    run: passing,
  },
  {
    name: "upstream: a fault that stays",
    promise: "the run ends in bounded time with a code, nothing of it is seen, and the next one continues",
    quick: 6,
    long: 160,
    skip: false,
    run: lasting,
  },
  {
    name: "upstream: one of two is at fault",
    promise: "the other one serves",
    quick: 3,
    long: 80,
    skip: false,
    run: oneOfTwo,
  },
  {
    name: "upstream: pipelining broken",
    promise: "all is fetched all the same",
    quick: 2,
    long: 20,
    skip: false,
    run: brokenPipelines,
  },
  {
    name: "upstream: changed in the middle",
    promise: "one whole state, old or new",
    quick: 5,
    long: 120,
    skip: false,
    run: changing,
  },
];
