import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { Proxy } from "../proxy.ts";

/** The proxy answered, but not with a tunnel. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the proxy answered ${String(status)}`);
    this.name = "ProxyRefusal";
    this.status = status;
  }
}

export interface TunnelOptions {
  readonly proxy: Proxy;
  /** `host:port` that the proxy is to connect to. */
  readonly authority: string;
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly secureContext: SecureContext | undefined;
}

/**
 * A connection through a proxy, by CONNECT (RFC 9110, 9.3.6). Rejects with ProxyRefusal or the socket's own
 * error.
 */
export async function openTunnel(options: TunnelOptions): Promise<Socket> {
  const { proxy, authority } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const url = new URL(proxy.url);
  const library = await (url.protocol === "https:" ? import("node:https") : import("node:http"));
  const request = library.request(url, {
    method: "CONNECT",
    path: authority,
    agent: false,
    headers: {
      host: authority,
      "user-agent": options.userAgent,
      ...(proxy.authorization !== undefined && { "proxy-authorization": proxy.authorization }),
    },
    ...(options.secureContext && { secureContext: options.secureContext }),
  });
  const tooLate = Object.assign(new Error("no tunnel in time"), { code: "ETIMEDOUT" });
  const timer = setTimeout(() => request.destroy(tooLate), options.timeoutMs);
  request.once("connect", (response, socket, head) => {
    if (response.statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    } else {
      socket.destroy();
      reject(new ProxyRefusal(response.statusCode ?? 0));
    }
  });
  request.once("response", (response) => {
    response.destroy();
    reject(new ProxyRefusal(response.statusCode ?? 0));
  });
  request.on("error", reject);
  request.end();
  return await promise.finally(() => clearTimeout(timer));
}
