import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { SluiceError } from "../base/errors.ts";
import type { EntryKind } from "../upstream/contract.ts";

const MAX_PIPELINED = 1000;

export type AnswerKind = EntryKind | "listing" | "system" | "none";

/** One request and what becomes of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the answer is over, or the client has gone. */
  readonly signal: AbortSignal;
  /** The client's address. */
  readonly remote: string;
  /** For log and metrics: which mirror answered, under which channel or id, what kind of thing, and body bytes sent. */
  mirror: string;
  at: string;
  kind: AnswerKind;
  bytes: number;
  /** A fault of the store: why there was no answer, or why it was cut off. */
  fault: SluiceError | undefined;
}

const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Begins an exchange; `over` is called once, when the answer was handed over in full or the connection has ended. Node tells a response of its end only when
 * its turn on the connection has come: for those that wait behind others, the connection is watched itself.
 */
export function beginExchange(
  request: IncomingMessage,
  response: ServerResponse,
  over: (exchange: Exchange) => void,
): Exchange {
  const control = new AbortController();
  const exchange: Exchange = {
    request,
    response,
    signal: control.signal,
    remote: request.socket.remoteAddress ?? "",
    mirror: "",
    at: "",
    kind: "none",
    bytes: 0,
    fault: undefined,
  };
  const waiting = waitingOn(request.socket);
  const end = () => {
    if (!waiting.delete(end)) return;
    control.abort();
    over(exchange);
  };
  waiting.add(end);
  response.once("close", end);
  if (waiting.size > MAX_PIPELINED) request.socket.destroy();
  return exchange;
}

/** True while the connection has a request that is not answered in full. */
export function isBusy(socket: Socket): boolean {
  return (pending.get(socket)?.size ?? 0) > 0;
}

function waitingOn(socket: Socket): Set<() => void> {
  const known = pending.get(socket);
  if (known !== undefined) return known;
  const waiting = new Set<() => void>();
  pending.set(socket, waiting);
  socket.once("close", () => {
    for (const end of waiting) end();
  });
  return waiting;
}
