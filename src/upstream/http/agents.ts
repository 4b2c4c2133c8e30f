import type { Dispatcher } from "undici";
import { proxyFor } from "../proxy.ts";
import type { Proxy } from "../proxy.ts";
import { literalAddress } from "./addresses.ts";
import { AddressRefused, guarded, guardedLookup, reporting, tunnelling } from "./connectors.ts";
import type { Connector } from "./connectors.ts";
import { counting } from "./counting.ts";
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
  const { base, tls, timeouts } = settings;
  const made = new Map<string, Dispatcher>();
  let requests = 0;
  const reach = reachOf(base, settings.hosts);

  const load = async () => {
    const undici = await import("undici");
    const plain = { timeout: timeouts.connect, allowH2: false };
    const direct = (secureContext: typeof tls.home, extra: object = {}): Connector =>
      undici.buildConnector({ ...plain, ...extra, ...(secureContext && { secureContext }) });
    const agent = (key: string, connect: () => Connector): Dispatcher => {
      const known = made.get(key);
      if (known !== undefined) return known;
      const fresh = new undici.Agent({
        connections: settings.connections,
        pipelining: settings.pipelining,
        headersTimeout: timeouts.headers,
        bodyTimeout: timeouts.body,
        allowH2: false,
        connect: connect(),
      }).compose(counting(() => requests++));
      made.set(key, fresh);
      return fresh;
    };
    return { direct, agent };
  };

  const route = async (url: URL): Promise<Route> => {
    const { direct, agent } = await (loaded ??= load());
    const home = url.origin === base.origin;
    const context = home ? tls.home : tls.away;
    const proxy = proxyFor(url, settings.proxyEnv);
    const target = { origin: url.origin, path: `${url.pathname}${url.search}`, headers: {} };
    if (proxy === undefined) {
      const own = () => reporting(direct(context), reach.note);
      const other = () => guarded(direct(context, { lookup: guardedLookup(reach.allows) }), reach.allows);
      return { agent: home ? agent("own", own) : agent("other", other), ...target };
    }
    // A proxy resolves names by itself: only a literal address can be judged here.
    const literal = home ? undefined : literalAddress(url.hostname);
    if (literal !== undefined && !reach.allows(literal)) throw new AddressRefused(literal);
    const key = `${proxy.url} ${proxy.authorization ?? ""}`;
    if (url.protocol === "http:") {
      const connect = () => toProxy(direct(tls.away), proxy);
      return { agent: agent(`forward ${key}`, connect), ...absoluteForm(url, proxy) };
    }
    const tunnel = { timeoutMs: timeouts.connect, userAgent: settings.userAgent, secureContext: tls.away };
    const connect = () => tunnelling(direct(context), proxy, tunnel);
    return { agent: agent(`tunnel ${String(home)} ${key}`, connect), ...target };
  };

  let loaded: ReturnType<typeof load> | undefined;
  return {
    get requests() {
      return requests;
    },
    async send(url, headers, signal) {
      const { agent, origin, path, headers: extra } = await route(url);
      // blocking: true, undici's default, would keep a second request off the connection until the first is
      // answered.
      const blocking = settings.pipelining <= 1;
      const own = { headers: { ...headers, ...extra }, signal: signal ?? null, blocking };
      return await agent.request({ origin, path, method: "GET", ...own });
    },
    async close() {
      await Promise.all([...made.values()].map((agent) => agent.destroy()));
    },
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
