import { once } from "node:events";
import type { Server } from "node:http";
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
