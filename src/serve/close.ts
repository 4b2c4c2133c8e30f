import type { Server } from "node:http";
import type { Socket } from "node:net";
import { isBusy } from "./exchange.ts";

const RUNNING_MS = 10_000;
const LOOK_MS = 20;

/**
 * Gives the function that closes the server: it stops accepting, ends connections that wait for nothing (Node
 * by itself would leave those that never asked), and lets running answers end for ten seconds.
 */
export function gracefulClose(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  const endIdle = () => {
    for (const socket of open) if (!isBusy(socket)) socket.destroySoon();
  };
  let closed: Promise<void> | undefined;
  return () => {
    closed ??= new Promise((resolve) => {
      const look = setInterval(endIdle, LOOK_MS);
      const force = setTimeout(() => server.closeAllConnections(), RUNNING_MS);
      server.close(() => {
        clearInterval(look);
        clearTimeout(force);
        resolve();
      });
      endIdle();
    });
    return closed;
  };
}
