import { lookup as dnsLookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import type { LookupFunction, Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { buildConnector } from "undici";
import type { Proxy } from "../proxy.ts";
import { literalAddress } from "./addresses.ts";
import { openTunnel } from "./tunnel.ts";

export type Connector = buildConnector.connector;

/** A name, or a literal, leads only to addresses that this connection must not be made to. */
export class AddressRefused extends Error {
  readonly address: string;

  constructor(address: string) {
    super(`the address ${address} is not public`);
    this.name = "AddressRefused";
    this.address = address;
  }
}

type Allowed = (address: string) => boolean;

/** Connects as asked and reports the address that was connected to. */
export function reporting(connect: Connector, seen: (address: string) => void): Connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const address = result[1]?.remoteAddress;
      if (address !== undefined) seen(address);
      callback(...result);
    });
  };
}

/** Sends what is written within one turn of the event loop in one piece: requests that go ahead of answers, above all. */
export function gathering(connect: Connector): Connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null && socket !== null) gatherWrites(socket);
      callback(...result);
    });
  };
}

function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket);
  let isHeld = false;
  const release = (): void => {
    isHeld = false;
    socket.uncork();
  };
  const gather = (...args: Parameters<typeof write>): boolean => {
    if (!isHeld) {
      isHeld = true;
      socket.cork();
      setImmediate(release);
    }
    return write(...args);
  };
  socket.write = gather as typeof socket.write;
}

/** Refuses literal addresses that are not allowed; names are for guardedLookup. */
export function guarded(connect: Connector, allowed: Allowed): Connector {
  return (options, callback) => {
    const literal = literalAddress(options.hostname);
    if (literal !== undefined && !allowed(literal)) callback(new AddressRefused(literal), null);
    else connect(options, callback);
  };
}

/**
 * A lookup that gives only allowed addresses: those it gives are those that are connected to, so a name that
 * changes between check and use gains nothing.
 */
export function guardedLookup(allowed: Allowed, resolve: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, "", 0);
      const addresses = typeof found === "string" ? [] : found;
      const good = addresses.filter(({ address }) => allowed(address));
      const [first] = good;
      if (first === undefined) return callback(new AddressRefused(addresses[0]?.address ?? hostname), "", 0);
      if (options.all === true) return callback(null, good);
      return callback(null, first.address, first.family);
    });
  };
}

const systemLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => callback(error, found));
};

/** Reaches https hosts through a proxy's tunnel; `connect` adds TLS. */
export function tunnelling(
  connect: Connector,
  proxy: Proxy,
  settings: { timeoutMs: number; userAgent: string; secureContext: SecureContext | undefined },
): Connector {
  return (options, callback) => {
    const host = options.hostname.includes(":") ? `[${options.hostname}]` : options.hostname;
    const authority = `${host}:${options.port || "443"}`;
    openTunnel({ proxy, authority, ...settings }).then(
      (httpSocket: Socket) => connect({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}
