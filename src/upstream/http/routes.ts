import type { Client } from "undici";
import type { Proxy } from "../proxy.ts";
import { literalAddress } from "./addresses.ts";
import type { Pool } from "./connections.ts";
import {
  AddressRefused,
  gathering,
  guarded,
  guardedLookup,
  reporting,
  tunnelling,
  type Connector,
} from "./connectors.ts";
import { hostOf } from "./hosts.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import type { HttpSettings } from "./options.ts";
import { createPipelining } from "./pipelining.ts";
import { reachOf } from "./reach.ts";

/** How the requests to one origin go. */
export interface Route {
  readonly lanes: Lanes;
  /** The proxy that the request itself is sent to: plain http through one names the whole URL (RFC 9112, 3.2.2). */
  readonly forward: Proxy | undefined;
}

export interface Routes {
  /** Throws AddressRefused. */
  to(url: URL, origin: string): Promise<Route>;
  /** Takes note of the address that the upstream itself was reached at. */
  reached(): void;
  close(): Promise<void>;
}

/**
 * The connections of one upstream. Its own origin is asked with the client certificate; every other host without, and only at addresses that are public or
 * listed, unless the upstream's own is not public either. HTTP/1.1 only: connections and pipelining are its notions.
 */
export function createRoutes(settings: HttpSettings): Routes {
  const { base, tls, timeouts, shared, pipelining } = settings;
  const known = new Map<string, Promise<Route>>();
  const noted = new Set<string>();
  const taken = new Map<string, Pool>();
  const own: Lanes[] = [];
  const reach = reachOf(base, settings.hosts);
  // Transports that connect alike have one pool, and so one set of connections.
  const alike = `${tls.key} ${timeouts.connect} ${pipelining}`;

  let loaded: ReturnType<typeof load> | undefined;

  function lanesTo(url: URL, most: number, makeClient: () => Client): Lanes {
    const gaveUp = (): void =>
      settings.emit({
        event: "warning",
        code: "notice",
        message: `${url.host} does not bear requests sent ahead of its answers: it is asked one at a time on each connection from now on.`,
      });
    const bears = createPipelining(pipelining, gaveUp);
    return createLanes({ most, makeClient, pipelining: bears, turns: shared.turns, host: hostOf(url) });
  }

  function pool(key: string, make: (seen: { address?: string }) => Lanes): Lanes {
    const pool = taken.get(key) ?? shared.take(key, make);
    taken.set(key, pool);
    return pool.lanes;
  }

  function unshared(lanes: Lanes): Lanes {
    own.push(lanes);
    return lanes;
  }

  async function make(url: URL, isHome: boolean, proxy: Proxy | undefined): Promise<Route> {
    const undici = await (loaded ??= load());
    const direct = (context: typeof tls.home, extra: object = {}): Connector =>
      undici.connector({
        timeout: timeouts.connect,
        allowH2: false,
        ...extra,
        ...(context && { secureContext: context }),
      });
    const client = (origin: string, connect: Connector) => (): Client =>
      new undici.Client(origin, { pipelining, allowH2: false, connect: gathering(connect) });
    const context = isHome ? tls.home : tls.away;
    const { origin } = url;
    if (proxy === undefined && isHome) {
      const lanes = pool(`own ${origin} ${alike}`, (seen) => {
        const connect = reporting(direct(context), (address) => (seen.address = address));
        return lanesTo(url, shared.perHost, client(origin, connect));
      });
      return { lanes, forward: undefined };
    }
    if (proxy === undefined) {
      // What may be reached is this upstream's affair.
      const lookup = guardedLookup(reach.allows);
      const connect = guarded(direct(context, { lookup }), reach.allows);
      return { lanes: unshared(lanesTo(url, shared.perHost, client(origin, connect))), forward: undefined };
    }
    if (url.protocol === "http:") {
      const connect = toProxy(direct(tls.away), proxy);
      return { lanes: unshared(lanesTo(url, shared.perHost, client(proxy.url, connect))), forward: proxy };
    }
    const tunnel = { timeoutMs: timeouts.connect, userAgent: settings.userAgent, secureContext: tls.away };
    const key = `tunnel ${String(isHome)} ${proxy.url} ${proxy.authorization ?? ""} ${origin} ${alike}`;
    const connect = tunnelling(direct(context), proxy, tunnel);
    return {
      lanes: pool(key, () => lanesTo(url, shared.perHost, client(origin, connect))),
      forward: undefined,
    };
  }

  return {
    async to(url, origin) {
      const isHome = origin === base.origin;
      const proxy = settings.proxyOf(origin);
      // A proxy resolves names by itself: only a literal address can be judged here.
      const literal = isHome || proxy === undefined ? undefined : literalAddress(url.hostname);
      if (literal !== undefined && !reach.allows(literal)) throw new AddressRefused(literal);
      const route = known.get(origin) ?? make(url, isHome, proxy);
      known.set(origin, route);
      return await route;
    },
    reached() {
      for (const { address } of taken.values()) {
        if (address === undefined || noted.has(address)) continue;
        noted.add(address);
        reach.note(address);
      }
    },
    async close() {
      await Promise.all([...taken.keys()].map((key) => shared.give(key)));
      await Promise.all(own.map((lanes) => lanes.destroy()));
      known.clear();
      taken.clear();
      own.length = 0;
    },
  };
}

async function load() {
  const [{ default: Client }, { default: connector }] = await Promise.all([
    import("undici/lib/dispatcher/client.js"),
    import("undici/lib/core/connect.js"),
  ]);
  return { Client, connector };
}

/** The Host header names the target: the TLS of an https proxy must go by the proxy's own name. */
function toProxy(connect: Connector, proxy: Proxy): Connector {
  const { hostname } = new URL(proxy.url);
  return (options, callback) => connect({ ...options, host: hostname, servername: "" }, callback);
}
