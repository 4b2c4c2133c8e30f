import { serverTotals, type ServerTotals, type Totals } from "./metrics.ts";
import type { Scrubber } from "./scrubber.ts";

/** How the processes that answer requests are. */
export interface TeamHealth {
  /** Those that answer now, of so many that there should be. */
  readonly serving: number;
  readonly wanted: number;
  /** Those that are there but do not answer, or cannot read the store. */
  readonly failing: number;
}

/** All processes that answer for one server; one of them speaks for all. */
export interface Team {
  /** Everybody's totals; `own` are those of this process, as they are now. */
  totals(own: Totals): Promise<ServerTotals>;
  health(): Promise<TeamHealth>;
}

/** A server that is one process, but for a scrub. */
export function alone(scrub: Scrubber["totals"] = () => undefined): Team {
  return {
    totals: async (own) => serverTotals([own], { workers: 1, restarts: 0, scrub: scrub() }),
    health: async () => ({ serving: 1, wanted: 1, failing: 0 }),
  };
}
