import { equal, notEqual } from "node:assert/strict";
import { spread } from "./fault.ts";
import type { Outcome } from "./fault.ts";
import { assertContinues } from "./stage.ts";
import { inLanes } from "./tries.ts";
import { attempt, openLanes, outcomeOf, requestsOf } from "./upstream-lane.ts";
import type { Age, WorldKind } from "./world.ts";

/** How the whole upstream becomes another one while it is read. */
interface Change {
  readonly what: string;
  readonly first: boolean;
  readonly before: Age;
  /** The state at a request, which is at least the one where the change begins. */
  after(requestsSince: number): Age;
  /** It comes to rest: the run must get over it. */
  readonly rests: boolean;
}

const CHANGES: readonly [Change, ...Change[]] = [
  { what: "from old to new", first: true, before: "old", after: () => "new", rests: true },
  { what: "from new back to old", first: true, before: "new", after: () => "old", rests: true },
  {
    what: "from new back to what the site has",
    first: false,
    before: "new",
    after: () => "old",
    rests: true,
  },
  {
    what: "to and fro with each request, for a while",
    first: true,
    before: "old",
    after: (since) => (since < 12 && since % 2 === 1 ? "old" : "new"),
    rests: true,
  },
  {
    what: "to and fro without end",
    first: false,
    before: "new",
    after: (since) => (since % 3 === 0 ? "old" : "new"),
    rests: false,
  },
];

/** The whole upstream changes at a request, at each of many: what comes out is one state, whole. */
export async function changing(worldKind: WorldKind, amount: number): Promise<Outcome> {
  await using opened = await openLanes(worldKind, amount);
  const counts = await requestsOf(opened.lanes[0]);
  const rounds = Math.ceil(amount / CHANGES.length);
  const planned = (nth: number): { change: Change; at: number } => {
    const change = CHANGES[nth % CHANGES.length] ?? CHANGES[0];
    const places = spread(rounds, counts[change.first ? "first" : "update"]);
    return { change, at: places[Math.floor(nth / CHANGES.length) % places.length] ?? 1 };
  };
  return await inLanes(
    opened.lanes,
    amount,
    (nth) => `${planned(nth).change.what}, at request ${planned(nth).at}`,
    async (lane, nth) => {
      const { change, at } = planned(nth);
      const { states } = lane.stage.world;
      let met = false;
      const onRequest = ({ n }: { n: number }): undefined => {
        if (n < at) return;
        met = true;
        lane.server.root = states[change.after(n - at)];
      };
      // One connection: then a request has one place in the run.
      const way = { first: change.first, root: change.before, mirror: { connections: 1 }, onRequest };
      return await attempt(lane, way, async (site, run) => {
        equal(met, true, "the change was not met");
        const outcome = await outcomeOf(lane, site, change.first, run);
        if (change.rests) equal(run.error, undefined);
        notEqual(outcome, "nothing");
        await assertContinues(lane.stage, site, "new");
        return outcome;
      });
    },
  );
}
