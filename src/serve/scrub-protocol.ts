import type { Bandwidth } from "../upstream/bandwidth.ts";

// What the server and its scrub tell each other (src/serve/ipc.ts).
// Server: start(ScrubSettings), stop(). Scrub: ready(), report(ScrubReport), found({code, message}), over(undefined or {code, message}).

/** All that one run of the scrub has to know; plain values. */
export interface ScrubSettings {
  /** Absolute path of the data directory. */
  readonly data: string;
  readonly rate: Bandwidth;
  /** How often to report, in ms. */
  readonly reportMs: number;
}

/** How far the scrub has come, and what it uses. */
export interface ScrubReport {
  /** Of the pass, 0 to 1. */
  readonly ratio: number;
  /** Read by this process. */
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}
