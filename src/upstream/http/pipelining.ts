/**
 * Whether requests may be sent ahead of answers at one origin, and how many. Most servers bear it; some, and some proxies, do not: they close the connection,
 * forget what they were asked, or mix answers up. So one request goes ahead on one connection first, and others only once its answer was whole.
 */
export interface Pipelining {
  /** Requests that may be on their way at once on a connection that has answered before and stayed open. */
  readonly depth: number;
  /** Requests that the server takes on one connection before it closes it, as far as it has shown. */
  lifetime: number;
  /** A request is sent ahead; true where it is the first one, on trial. */
  sendAhead(): boolean;
  /** A request that was sent ahead got its whole answer. */
  good(): void;
  /** The one on trial was given up by ourselves. */
  inconclusive(): void;
  /** A connection ended, unannounced, with requests on it that had been sent ahead. */
  broken(): void;
  /** An answer was not what was asked for: nothing is sent ahead any more. */
  distrust(): void;
}

/** A broken connection counts for nothing after so many good answers. */
const FORGIVEN_AFTER = 300;
/** More than there are connections: what ends one for good may end all of them at once. */
const MOST_BROKEN = 12;

/** `most` is what the config allows; `gaveUp` is called once, where the origin turns out not to bear it. */
export function createPipelining(most: number, gaveUp: () => void): Pipelining {
  let state: "unknown" | "trial" | "good" | "bad" = most > 1 ? "unknown" : "bad";
  let broken = 0;

  function end(): void {
    if (state === "bad") return;
    state = "bad";
    gaveUp();
  }

  return {
    lifetime: Infinity,
    get depth() {
      return state === "good" ? most : state === "unknown" ? 2 : 1;
    },
    sendAhead() {
      if (state !== "unknown") return false;
      state = "trial";
      return true;
    },
    good() {
      if (state === "trial") state = "good";
      broken = Math.max(0, broken - 1 / FORGIVEN_AFTER);
    },
    inconclusive() {
      if (state === "trial") state = "unknown";
    },
    broken() {
      if (state === "trial" || ++broken > MOST_BROKEN) end();
    },
    distrust: end,
  };
}
