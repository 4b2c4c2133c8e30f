import type { Server } from "node:http";
import type { Socket } from "node:net";
import ipaddr from "ipaddr.js";
import type { Limits } from "./limits.ts";
import type { Tally } from "./metrics.ts";

/** Ends connections at once where there are too many, of one client or of all. */
export function limitConnections(
  server: Server,
  { connections, perClient }: Pick<Limits, "connections" | "perClient">,
  tally: Tally,
): void {
  const counts = new Map<string, number>();
  let open = 0;
  server.on("connection", (socket: Socket) => {
    const client = perClient === undefined ? undefined : clientOf(socket.remoteAddress ?? "");
    const count = client === undefined ? 0 : (counts.get(client) ?? 0);
    const cause = count >= (perClient ?? Infinity) ? "client" : open >= connections ? "full" : undefined;
    if (cause !== undefined) {
      tally.add("refused", [cause]);
      socket.destroy();
      return;
    }
    open++;
    if (client !== undefined) counts.set(client, count + 1);
    socket.once("close", () => {
      open--;
      if (client === undefined) return;
      const left = (counts.get(client) ?? 1) - 1;
      if (left === 0) counts.delete(client);
      else counts.set(client, left);
    });
  });
}

/**
 * Whom connections from this address are counted for: the address, or its network of 64 bits for IPv6, which is what
 * one subscriber has. Undefined for this host itself: a proxy here speaks for many.
 */
export function clientOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.range() === "loopback") return undefined;
  if (parsed.kind() === "ipv4") return parsed.toString();
  const network = parsed.toByteArray().slice(0, 8);
  return Buffer.from(network).toString("hex");
}
