import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { asSluiceError, type SluiceError } from "../base/errors.ts";
import type { EntryKind } from "../upstream/contract.ts";

const MAX_PIPELINED = 1000;

export type AnswerKind = EntryKind | "listing" | "system" | "none";

/** One request and what becomes of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client's address. */
  readonly remote: string;
  /**
   * For log and metrics: which mirror answered, under which channel or id, what kind of thing, and body bytes
   * sent.
   */
  mirror: string;
  at: string;
  kind: AnswerKind;
  bytes: number;
  /** A fault of the store: why there was no answer, or why it was cut off. */
  fault: SluiceError | undefined;
}

const waiting = new WeakMap<Socket, number>();

/**
 * Begins an exchange; `over` is called once, when the answer was handed over in full or the connection has
 * ended.
 */
export function beginExchange(
  request: IncomingMessage,
  response: ServerResponse,
  over: (exchange: Exchange) => void,
): Exchange {
  const { socket } = request;
  const exchange: Exchange = {
    request,
    response,
    remote: socket.remoteAddress ?? "",
    mirror: "",
    at: "",
    kind: "none",
    bytes: 0,
    fault: undefined,
  };
  const count = (waiting.get(socket) ?? 0) + 1;
  waiting.set(socket, count);
  response.once("close", () => {
    waiting.set(socket, (waiting.get(socket) ?? 0) - 1);
    over(exchange);
  });
  // No client sends so many requests ahead; each costs memory until its turn comes.
  if (count > MAX_PIPELINED) socket.destroy();
  return exchange;
}

/** True where a request has come on the connection. */
export function hasAsked(socket: Socket): boolean {
  return waiting.has(socket);
}

/** True while the connection has a request that is not answered in full. */
export function isBusy(socket: Socket): boolean {
  return (waiting.get(socket) ?? 0) > 0;
}

/**
 * Remembers the first thing that went wrong: to be called at once, since the exchange may be over before an
 * awaited stream reports.
 */
export function noteFault(exchange: Exchange, thrown: unknown): void {
  exchange.fault ??= asSluiceError(thrown);
}
