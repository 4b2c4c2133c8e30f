import { SluiceError } from "../../base/errors.ts";
import type { Proxy } from "../proxy.ts";
import { onAbort } from "./aborts.ts";
import type { HttpResponse } from "./exchange.ts";
import type { HttpSettings } from "./options.ts";
import { createRoutes } from "./routes.ts";

/** One GET, to be sent over a connection of its origin. */
export interface Sending {
  readonly url: URL;
  /** Of the URL, which makes it anew each time that it is asked. */
  readonly origin: string;
  readonly headers: Record<string, string>;
  /** Bytes that the answer will have, where that is known. */
  readonly size: number | undefined;
  /** With nothing else on its way on the connection. */
  readonly alone: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface Agents {
  /** Throws what undici and the connectors throw. */
  send(sending: Sending): Promise<HttpResponse>;
  /** Requests written to a connection, those that had to be sent again included. */
  readonly requests: number;
  /** No request to this URL's origin is sent ahead of an answer any more. */
  distrust(url: URL): Promise<void>;
  close(): Promise<void>;
}

/** The connections of one upstream, and the requests that go over them. */
export function createAgents(settings: HttpSettings): Agents {
  const { base, timeouts, connections } = settings;
  const routes = createRoutes(settings);
  const closed = new AbortController();
  const stopping = withClosed(closed.signal);
  let requests = 0;
  const sent = (): void => void requests++;

  return {
    get requests() {
      return requests;
    },
    async send({ url, origin, headers, size, alone, signal }) {
      const stop = stopping(signal);
      const { lanes, forward } = await routes.to(url, origin);
      const options = {
        ...(forward === undefined ? target(url, headers) : absoluteForm(url, headers, forward)),
        method: "GET",
        headersTimeout: timeouts.headers,
        bodyTimeout: timeouts.body,
      } as const;
      const exchange = await lanes.send({ owner: settings, options, connections, size, alone, sent }, stop);
      const forget = onAbort(stop, (reason) => exchange.abort(reason));
      exchange.onOver(forget);
      const response = await exchange.answer;
      if (origin === base.origin) routes.reached();
      return response;
    },
    async distrust(url) {
      (await routes.to(url, url.origin)).lanes.pipelining.distrust();
    },
    async close() {
      closed.abort(new SluiceError("interrupted", `${base.href} is no longer asked: the run has ended.`));
      await routes.close();
    },
  };
}

/** One signal of two; made once for a caller's signal, since that comes with thousands of requests. */
function withClosed(closed: AbortSignal): (signal: AbortSignal | undefined) => AbortSignal {
  const known = new WeakMap<AbortSignal, AbortSignal>();
  return (signal) => {
    if (signal === undefined) return closed;
    const both = known.get(signal) ?? AbortSignal.any([signal, closed]);
    known.set(signal, both);
    return both;
  };
}

interface Target {
  readonly path: string;
  readonly headers: Record<string, string>;
}

function target(url: URL, headers: Record<string, string>): Target {
  return { path: url.search === "" ? url.pathname : `${url.pathname}${url.search}`, headers };
}

/** A plain http request through a proxy names the whole URL (RFC 9112, 3.2.2). */
function absoluteForm(url: URL, headers: Record<string, string>, proxy: Proxy): Target {
  return {
    path: url.href,
    headers: {
      ...headers,
      host: url.host,
      ...(proxy.authorization !== undefined && { "proxy-authorization": proxy.authorization }),
    },
  };
}
