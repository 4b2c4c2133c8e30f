import { setTimeout } from "node:timers/promises";
import type { Emit } from "../../base/events.ts";
import { SluiceError } from "../../base/errors.ts";
import { proxyFor } from "../proxy.ts";
import type { Proxy, ProxyEnvironment } from "../proxy.ts";
import { userAgent } from "../user-agent.ts";
import { createConnections } from "./connections.ts";
import type { Connections } from "./connections.ts";
import { hostList } from "./hosts.ts";
import type { HostList } from "./hosts.ts";
import { parseBase } from "./location.ts";
import { tlsContexts } from "./tls.ts";
import type { TlsContexts, TlsOptions } from "./tls.ts";

export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export interface HttpOptions {
  /**
   * The folder that entries are relative to. `user:password@` in it counts as basic credentials, unless
   * `credentials` is given.
   */
  readonly url: string;
  /** Connections to one host at once. */
  readonly connections?: number | undefined;
  /** Small files asked for at once on one connection; 1: none is sent ahead of an answer. */
  readonly pipelining?: number | undefined;
  /** Times that one file is asked for again after a passing failure. */
  readonly retries?: number | undefined;
  /** To connect, to the first line of an answer, and between two pieces of a body. */
  readonly timeoutSeconds?: Partial<Timeouts> | undefined;
  /**
   * Other hosts that redirects and absolute URLs may lead to: `host`, `*.suffix`, address, each with an
   * optional port, or a range.
   */
  readonly redirectHosts?: readonly string[] | undefined;
  /** Sent to the upstream's own origin alone, as is the client certificate. */
  readonly credentials?: Credentials | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Where the proxy variables are read; the process's environment by default. */
  readonly proxyEnv?: ProxyEnvironment | undefined;
  readonly emit?: Emit | undefined;
  readonly userAgent?: string | undefined;
  /** What this transport shares with others of the process; by default nothing. */
  readonly shared?: Connections | undefined;
  /** The wait between retries, for tests. */
  readonly sleep?: Sleep | undefined;
}

export interface Timeouts {
  readonly connect: number;
  readonly headers: number;
  readonly body: number;
}

/** Polite to a public mirror: few connections. A server works on one request of a connection at a time, however many wait on it. */
export const HTTP_DEFAULTS = {
  connections: 8,
  pipelining: 32,
  retries: 4,
  timeoutSeconds: { connect: 15, headers: 60, body: 60 },
  userAgent: userAgent(undefined),
} as const;

export interface HttpSettings {
  readonly base: URL;
  readonly authorization: string | undefined;
  readonly connections: number;
  readonly pipelining: number;
  readonly retries: number;
  /** In milliseconds. */
  readonly timeouts: Timeouts;
  readonly hosts: HostList;
  readonly tls: TlsContexts;
  /** The proxy on the way to an origin; looked up once. Throws `config_invalid`. */
  readonly proxyOf: (origin: string) => Proxy | undefined;
  readonly emit: Emit;
  readonly userAgent: string;
  readonly shared: Connections;
  readonly sleep: Sleep;
}

/** Options with defaults filled in. Throws `config_invalid` and `credentials`. */
export function readOptions(options: HttpOptions): HttpSettings {
  const { base, username, password } = parseBase(options.url);
  const inUrl: Credentials | undefined =
    username === "" && password === "" ? undefined : { kind: "basic", username, password };
  const seconds = { ...HTTP_DEFAULTS.timeoutSeconds, ...options.timeoutSeconds };
  const connections = options.connections ?? HTTP_DEFAULTS.connections;
  const shared = options.shared ?? createConnections(connections);
  return {
    base,
    authorization: authorization(options.credentials ?? inUrl, base),
    connections: Math.min(connections, shared.perHost),
    pipelining: options.pipelining ?? HTTP_DEFAULTS.pipelining,
    retries: options.retries ?? HTTP_DEFAULTS.retries,
    timeouts: {
      connect: Math.round(seconds.connect * 1000),
      headers: Math.round(seconds.headers * 1000),
      body: Math.round(seconds.body * 1000),
    },
    hosts: hostList(options.redirectHosts ?? []),
    tls: tlsContexts(options.tls ?? {}, base),
    proxyOf: proxies(options.proxyEnv ?? process.env),
    emit: options.emit ?? (() => undefined),
    userAgent: options.userAgent ?? HTTP_DEFAULTS.userAgent,
    shared,
    sleep: options.sleep ?? wait,
  };
}

function proxies(env: ProxyEnvironment): (origin: string) => Proxy | undefined {
  const known = new Map<string, Proxy | undefined>();
  return (origin) => {
    if (!known.has(origin)) known.set(origin, proxyFor(new URL(origin), env));
    return known.get(origin);
  };
}

function authorization(credentials: Credentials | undefined, base: URL): string | undefined {
  if (credentials === undefined) return undefined;
  if (credentials.kind === "basic") {
    if (credentials.username.includes(":"))
      throw new SluiceError(
        "credentials",
        `The user name for ${base.href} has a colon, which basic credentials forbid.`,
      );
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  }
  if (!/^[\x21-\x7e]+$/.test(credentials.token))
    throw new SluiceError(
      "credentials",
      `The token for ${base.href} is empty or has spaces or control characters.`,
    );
  return `Bearer ${credentials.token}`;
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, signal === undefined ? {} : { signal });
}
