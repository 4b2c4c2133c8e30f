import type { Dispatcher } from "undici";
import { createGates, type Gates } from "./gates.ts";

/** A pool of connections that a transport uses until it gives it back. */
export interface Pool {
  readonly agent: Dispatcher;
  /** The address that the pool was last connected to. */
  address?: string;
}

/**
 * What the transports of one process share, so that a host sees a bounded number of connections however many mirrors it serves. Transports that
 * connect in the same way use one pool; those that do not (other certificates, another proxy) still take turns.
 */
export interface Connections {
  /** Connections to one host at a time. */
  readonly perHost: number;
  /** The turns of requests, by host name. */
  readonly turns: Gates;
  /** The pool of that key, made if nobody has it. */
  take(key: string, make: (pool: { address?: string }) => Dispatcher): Pool;
  /** Ends the connections of a pool that nobody uses any more. */
  give(key: string): Promise<void>;
}

export function createConnections(perHost: number): Connections {
  const pools = new Map<string, { users: number; pool: Pool }>();
  return {
    perHost,
    turns: createGates(perHost),
    take(key, make) {
      const known = pools.get(key);
      if (known !== undefined) {
        known.users++;
        return known.pool;
      }
      const seen: { address?: string } = {};
      const pool: Pool = Object.assign(seen, { agent: make(seen) });
      pools.set(key, { users: 1, pool });
      return pool;
    },
    async give(key) {
      const known = pools.get(key);
      if (known === undefined || --known.users > 0) return;
      pools.delete(key);
      await known.pool.agent.destroy();
    },
  };
}
