import { once } from "node:events";
import { createServer as createProxy, request as ask } from "node:http";
import { createServer } from "node:https";
import type { ServerOptions } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface TlsFront extends AsyncDisposable {
  readonly url: string;
  /** A proxy that opens tunnels, and where it was asked to. */
  readonly proxy: string;
  readonly tunnels: readonly string[];
}

/** An https server in front of another one, with a proxy that leads to it. */
export async function tlsFront(target: string, tls: ServerOptions): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const server = createServer(tls, (request, response) => {
    const onward = ask(`${target}${request.url}`, { headers: request.headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(response);
    });
    onward.on("error", () => response.destroy()).end();
  });
  const tunnels: string[] = [];
  const proxy = createProxy().on("connect", (request, client: Socket) => {
    tunnels.push(request.url ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    keep(onward);
  });
  for (const one of [server, proxy]) {
    one.on("connection", keep).listen(0, "127.0.0.1");
    await once(one, "listening");
  }
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    tunnels,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const one of [server, proxy]) {
        one.close();
        await once(one, "close");
      }
    },
  };
}
