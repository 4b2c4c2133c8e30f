/** What bounds clients, hostile ones among them; times in milliseconds. */
export interface Limits {
  /** From the first byte of a request to the end of its headers, and to that of the whole. */
  readonly headersMs: number;
  /** How long a connection may wait for its next request. */
  readonly idleMs: number;
  /** How long a connection may stand still while it is answered, or before its first request. */
  readonly stallMs: number;
  /** How long a client may take for one chunk of an answer, of 64 or 512 KiB. */
  readonly patienceMs: number;
  /** How often the times of requests are looked at. */
  readonly checkMs: number;
  /** Connections at a time. */
  readonly connections: number;
  /** Of them, those of one client; of any number where it is undefined. */
  readonly perClient: number | undefined;
}

export const LIMITS: Limits = {
  headersMs: 30_000,
  idleMs: 60_000,
  stallMs: 60_000,
  patienceMs: 300_000,
  checkMs: 5_000,
  connections: 8192,
  perClient: undefined,
};

/** Of limits that count connections, the share of one of so many workers; times are the same for each. */
export function shareOf(limits: Partial<Limits>, workers: number): Partial<Limits> {
  const { connections = LIMITS.connections, perClient } = limits;
  const share = (count: number): number => Math.ceil(count / workers);
  return {
    ...limits,
    connections: share(connections),
    perClient: perClient === undefined ? undefined : share(perClient),
  };
}
