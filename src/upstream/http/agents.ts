import { finished } from "node:stream";
import type { Dispatcher } from "undici";
import { SluiceError } from "../../base/errors.ts";
import { proxyFor } from "../proxy.ts";
import type { Proxy } from "../proxy.ts";
import { literalAddress } from "./addresses.ts";
import type { Pool } from "./connections.ts";
import { AddressRefused, guarded, guardedLookup, reporting, tunnelling } from "./connectors.ts";
import type { Connector } from "./connectors.ts";
import { counting } from "./counting.ts";
import { createGates } from "./gates.ts";
import type { Leave } from "./gates.ts";
import { hostOf } from "./hosts.ts";
import type { HttpSettings } from "./options.ts";
import { reachOf } from "./reach.ts";

export type HttpResponse = Dispatcher.ResponseData;

export interface Agents {
  /** Sends one GET. Throws what undici and the connectors throw. */
  send(url: URL, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<HttpResponse>;
  readonly requests: number;
  close(): Promise<void>;
}

interface Route {
  readonly agent: Dispatcher;
  /** Of the upstream's own origin, asked directly: it knows at which address that is. */
  readonly pool?: Pool;
  readonly origin: string;
  readonly path: string;
  readonly headers: Record<string, string>;
}

/**
 * The connections of one upstream. Its own origin is asked with the client certificate; every other host
 * without, and only at addresses that are public or listed, unless the upstream's own is not public either.
 * HTTP/1.1 only: connections and pipelining are its notions.
 */
export function createAgents(settings: HttpSettings): Agents {
  const { base, tls, timeouts, shared, pipelining } = settings;
  const taken = new Map<string, Pool>();
  const closed = new AbortController();
  const stopping = withClosed(closed.signal);
  const own = createGates(settings.connections);
  let requests = 0;
  const reach = reachOf(base, settings.hosts);
  const counted = new WeakMap<Dispatcher, Dispatcher>();
  const count = (agent: Dispatcher): Dispatcher => {
    const composed = counted.get(agent) ?? agent.compose(counting(() => requests++));
    counted.set(agent, composed);
    return composed;
  };

  const load = async () => {
    const undici = await import("undici");
    const plain = { timeout: timeouts.connect, allowH2: false };
    const direct = (secureContext: typeof tls.home, extra: object = {}): Connector =>
      undici.buildConnector({ ...plain, ...extra, ...(secureContext && { secureContext }) });
    const make = (connections: number, connect: Connector): Dispatcher =>
      new undici.Agent({ connections, pipelining, allowH2: false, connect });
    return { direct, make };
  };

  // Transports that connect alike have one pool, and so one set of connections.
  const alike = `${tls.key} ${String(timeouts.connect)} ${String(pipelining)}`;
  const pool = (key: string, make: (seen: { address?: string }) => Dispatcher): Pool => {
    const known = taken.get(key);
    if (known !== undefined) return known;
    const fresh = shared.take(key, make);
    taken.set(key, fresh);
    return fresh;
  };
  const alone = new Map<string, Dispatcher>();
  const unshared = (key: string, make: () => Dispatcher): Dispatcher => {
    const agent = alone.get(key) ?? make();
    alone.set(key, agent);
    return agent;
  };

  const route = async (url: URL): Promise<Route> => {
    const { direct, make } = await (loaded ??= load());
    const home = url.origin === base.origin;
    const context = home ? tls.home : tls.away;
    const proxy = proxyFor(url, settings.proxyEnv);
    const target = { origin: url.origin, path: `${url.pathname}${url.search}`, headers: {} };
    if (proxy === undefined && home) {
      const direction = pool(`own ${url.origin} ${alike}`, (seen) =>
        make(
          shared.perHost,
          reporting(direct(context), (address) => (seen.address = address)),
        ),
      );
      return { agent: direction.agent, pool: direction, ...target };
    }
    if (proxy === undefined) {
      // What may be reached is this upstream's affair.
      const other = () => guarded(direct(context, { lookup: guardedLookup(reach.allows) }), reach.allows);
      return { agent: unshared("other", () => make(shared.perHost, other())), ...target };
    }
    // A proxy resolves names by itself: only a literal address can be judged here.
    const literal = home ? undefined : literalAddress(url.hostname);
    if (literal !== undefined && !reach.allows(literal)) throw new AddressRefused(literal);
    const key = `${proxy.url} ${proxy.authorization ?? ""}`;
    if (url.protocol === "http:") {
      const forward = () => make(settings.connections, toProxy(direct(tls.away), proxy));
      return { agent: unshared(key, forward), ...absoluteForm(url, proxy) };
    }
    const tunnel = { timeoutMs: timeouts.connect, userAgent: settings.userAgent, secureContext: tls.away };
    const connect = () => make(shared.perHost, tunnelling(direct(context), proxy, tunnel));
    return { agent: pool(`tunnel ${String(home)} ${key} ${alike}`, connect).agent, ...target };
  };

  const turn = async (host: string, signal: AbortSignal): Promise<Leave> => {
    const leaveOwn = await own.enter(host, 1 / pipelining, signal);
    try {
      const leaveShared = await shared.turns.enter(host, 1 / pipelining, signal);
      return () => {
        leaveShared();
        leaveOwn();
      };
    } catch (error) {
      leaveOwn();
      throw error;
    }
  };

  let loaded: ReturnType<typeof load> | undefined;
  return {
    get requests() {
      return requests;
    },
    async send(url, headers, asked) {
      const signal = stopping(asked);
      const { agent, pool, origin, path, headers: extra } = await route(url);
      const leave = await turn(hostOf(url), signal);
      try {
        const response = await count(agent).request({
          origin,
          path,
          method: "GET",
          headers: { ...headers, ...extra },
          signal,
          // true, undici's default, would keep a second request off the connection until the first is answered.
          blocking: pipelining <= 1,
          headersTimeout: timeouts.headers,
          bodyTimeout: timeouts.body,
        });
        if (pool?.address !== undefined) reach.note(pool.address);
        finished(response.body, leave);
        return response;
      } catch (error) {
        leave();
        throw error;
      }
    },
    async close() {
      closed.abort(new SluiceError("interrupted", `${base.href} is no longer asked: the run has ended.`));
      await Promise.all([...taken.keys()].map((key) => shared.give(key)));
      await Promise.all([...alone.values()].map((agent) => agent.destroy()));
      taken.clear();
      alone.clear();
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

/** A plain http request through a proxy names the whole URL (RFC 9112, 3.2.2). */
function absoluteForm(url: URL, proxy: Proxy): Omit<Route, "agent"> {
  return {
    origin: proxy.url,
    path: url.href,
    headers: {
      host: url.host,
      ...(proxy.authorization !== undefined && { "proxy-authorization": proxy.authorization }),
    },
  };
}

/** The Host header names the target: the TLS of an https proxy must go by the proxy's own name. */
function toProxy(connect: Connector, proxy: Proxy): Connector {
  const { hostname } = new URL(proxy.url);
  return (options, callback) => connect({ ...options, host: hostname, servername: "" }, callback);
}
