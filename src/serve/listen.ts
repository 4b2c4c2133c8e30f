import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { SluiceError } from "../base/errors.ts";

/**
 * Binds the server. Throws address_in_use, or address_unusable where this host has no such address or may not
 * take the port.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, host, port);
  }
}

/** The port that workers will share, where any is wanted a free one; throws as `listen` does. */
export async function findPort(wanted: { readonly host: string; readonly port: number }): Promise<number> {
  const probe = createServer();
  await listen(probe, wanted);
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** `http://HOST:PORT`, an address of IPv6 in brackets. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): SluiceError {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (error.code === "EADDRINUSE") {
    return new SluiceError(
      "address_in_use",
      `Another process listens on ${address} already: stop it, or name another address with --listen.`,
      { cause: error },
    );
  }
  const why = error.code === "EACCES" ? "this user may not take that port" : "this host has no such address";
  return new SluiceError(
    "address_unusable",
    `Cannot listen on ${address}: ${why}; name another with --listen.`,
    {
      cause: error,
    },
  );
}
