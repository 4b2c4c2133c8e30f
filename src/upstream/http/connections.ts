import { createGates, type Gates } from "./gates.ts";
import type { Lanes } from "./lanes.ts";

/** Connections that a transport uses until it gives them back. */
export interface Pool {
  readonly lanes: Lanes;
  /** The address that was last connected to. */
  address?: string;
}

/**
 * What the transports of one process share, so that a host sees a bounded number of connections however many mirrors it serves. Transports that
 * connect in the same way use one pool; those that do not (other certificates, another proxy) still take turns.
 */
export interface Connections {
  /** Connections to one host at a time. */
  readonly perHost: number;
  /** The turns of connections in use, by host name. */
  readonly turns: Gates;
  /** The pool of that key, made if nobody has it. */
  take(key: string, make: (pool: { address?: string }) => Lanes): Pool;
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
      const pool: Pool = Object.assign(seen, { lanes: make(seen) });
      pools.set(key, { users: 1, pool });
      return pool;
    },
    async give(key) {
      const known = pools.get(key);
      if (known === undefined || --known.users > 0) return;
      pools.delete(key);
      await known.pool.lanes.destroy();
    },
  };
}
