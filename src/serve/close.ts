import type { Server } from "node:http";
import type { Socket } from "node:net";
import { hasAsked, isBusy } from "./exchange.ts";

const RUNNING_MS = 10_000;
const LOOK_MS = 20;
/** A connection as young as this may have its first request on the way. */
const YOUNG_MS = 500;

/**
 * Gives the function that closes the server: it stops accepting, ends connections that wait for nothing (Node
 * by itself would leave those that never asked), and lets running answers end for ten seconds.
 */
export function gracefulClose(server: Server): () => Promise<void> {
  const open = new Map<Socket, number>();
  server.on("connection", (socket) => {
    open.set(socket, performance.now());
    socket.once("close", () => open.delete(socket));
  });
  const endIdle = () => {
    for (const [socket, since] of open) {
      if (isBusy(socket) || (!hasAsked(socket) && performance.now() - since < YOUNG_MS)) continue;
      socket.destroySoon();
    }
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
