import type { Limits } from "./limits.ts";
import type { LogFormat } from "./log-batch.ts";

// What primary and workers ask of one another (src/serve/ipc.ts).
// Primary: start(WorkerSettings), ping(), check(), totals() → Totals, stop() → Totals.
// Worker: ready(), log(text), totals() → ServerTotals, health() → TeamHealth, fault({code, message}).

/** All that a worker has to know; plain values. */
export interface WorkerSettings {
  /** Absolute path of the data directory. */
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly graceMs: number;
  readonly url: string | undefined;
  /** SHA-256 of the tokens that open the store to other sites. */
  readonly readTokens: readonly string[];
  readonly format: LogFormat;
  /** Shares of this worker. */
  readonly limits: Partial<Limits>;
  readonly memoryShare: number;
}

/** How long one process waits for another, in ms. */
export const ANSWER_MS = 2_000;
