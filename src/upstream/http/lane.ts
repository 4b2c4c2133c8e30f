import type { Client, Dispatcher } from "undici";
import { Exchange, type ResponseHeaders } from "./exchange.ts";
import type { Pipelining } from "./pipelining.ts";

/** A request that waits for its turn. */
export interface Asked {
  /** Whose it is: those who share the connections take turns. */
  readonly owner: object;
  readonly options: Dispatcher.DispatchOptions;
  /** It may go over the first so many connections. */
  readonly connections: number;
  /** Bytes that will come, where that is known. */
  readonly size: number | undefined;
  /** Nothing else may be on its way on its connection. */
  readonly alone: boolean;
  /** Called each time that it is written to a connection. */
  readonly sent: () => void;
}

/** One connection, made again when it ends, with what is on its way on it. */
export interface Lane {
  readonly inFlight: number;
  /** True where something may be sent ahead on it, if it is not too large. */
  readonly hasRoom: boolean;
  /** True where this request may go over it now. */
  takes(asked: Asked): boolean;
  send(asked: Asked): Exchange;
  destroy(): Promise<void>;
}

/**
 * Bytes that may be due on a connection when one more request is sent ahead: what comes behind a large file would wait long, while other connections rest.
 */
const MOST_DUE = 1024 * 1024;
/** What is counted for a file of unknown size. */
const USUAL = 64 * 1024;
/** For the answer to the request on trial: a server that has forgotten it must not hold all up. In ms. */
const TRIAL_TIMEOUT = 10_000;

/** A lane over a client of undici. `changed` is called when something is no longer on its way. */
export function createLane(client: Client, pipelining: Pipelining, changed: () => void): Lane {
  let inFlight = 0;
  let ahead = 0;
  let due = 0;
  let isAlone = false;
  // Of the present connection:
  let written = 0;
  let answered = 0;
  let isExpected = false;

  client.on("connect", () => {
    written = 0;
    answered = 0;
    isExpected = false;
  });
  client.on("disconnect", () => {
    if (ahead > 0) lost();
    answered = 0;
  });

  // Told once for each connection; not at all where its end was announced, or is our own doing.
  function lost(): void {
    if (isExpected) return;
    isExpected = true;
    pipelining.broken();
    // A server that ends a connection after so many requests may take back, with those behind, the answer that would have said so.
    pipelining.lifetime = Math.max(1, answered);
  }

  function started(headers: ResponseHeaders): void {
    answered++;
    if (/^close$/i.test(String(headers["connection"]))) {
      pipelining.lifetime = answered;
      isExpected = true;
    } else if (answered >= pipelining.lifetime) pipelining.lifetime = Infinity;
  }

  const hasRoom = (): boolean =>
    !isAlone && answered > 0 && !isExpected && written < pipelining.lifetime && inFlight < pipelining.depth;

  return {
    get inFlight() {
      return inFlight;
    },
    get hasRoom() {
      return hasRoom();
    },
    takes: (asked) =>
      inFlight === 0 || (!asked.alone && hasRoom() && due + (asked.size ?? USUAL) <= MOST_DUE),
    send(asked) {
      const size = asked.size ?? USUAL;
      const isAhead = inFlight > 0;
      const isTrial = isAhead && pipelining.sendAhead();
      let times = 0;
      inFlight++;
      due += size;
      if (isAhead) ahead++;
      isAlone = asked.alone;
      const exchange = new Exchange(isAhead, {
        sent() {
          times++;
          written++;
          asked.sent();
        },
        started,
        aborted() {
          isExpected = true;
          if (isTrial) pipelining.inconclusive();
        },
        ended(error) {
          inFlight--;
          due -= size;
          if (isAhead) {
            ahead--;
            if (error !== undefined) lost();
            else if (times === 1) pipelining.good();
            else if (isTrial) pipelining.inconclusive();
          }
          changed();
        },
      });
      const { headersTimeout } = asked.options;
      const patience = isTrial ? Math.min(TRIAL_TIMEOUT, headersTimeout ?? TRIAL_TIMEOUT) : headersTimeout;
      client.dispatch({ ...asked.options, headersTimeout: patience ?? null, blocking: false }, exchange);
      return exchange;
    },
    destroy: () => client.destroy(),
  };
}
