/** Gives the place back; a second call does nothing. */
export type Leave = () => void;

/** A gate for each name, through which only so much goes at a time. Who comes first goes first. */
export interface Gates {
  /** Waits for room. Rejects with the signal's reason at once when it is aborted. */
  enter(name: string, share: number, signal?: AbortSignal): Promise<Leave>;
}

interface Waiter {
  readonly share: number;
  readonly go: (leave: Leave) => void;
}

interface Gate {
  inside: number;
  readonly waiting: Waiter[];
}

/** Shares are fractions, whose sums are not exact. */
const ROUNDING = 1e-9;

/** Gates with room for `capacity` each; a share is at most that. */
export function createGates(capacity: number): Gates {
  const gates = new Map<string, Gate>();

  function admit(gate: Gate, share: number): Leave | undefined {
    if (gate.inside + share > capacity + ROUNDING) return undefined;
    gate.inside += share;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      gate.inside -= share;
      next(gate);
    };
  }

  function next(gate: Gate): void {
    for (let first = gate.waiting[0]; first !== undefined; first = gate.waiting[0]) {
      const leave = admit(gate, first.share);
      if (leave === undefined) return;
      gate.waiting.shift();
      first.go(leave);
    }
  }

  return {
    async enter(name, share, signal) {
      signal?.throwIfAborted();
      const gate = gates.get(name) ?? { inside: 0, waiting: [] };
      gates.set(name, gate);
      const leave = gate.waiting.length === 0 ? admit(gate, share) : undefined;
      if (leave !== undefined) return leave;
      const { promise, resolve, reject } = Promise.withResolvers<Leave>();
      const waiter = { share, go: resolve };
      const stop = (): void => {
        const at = gate.waiting.indexOf(waiter);
        if (at < 0) return;
        gate.waiting.splice(at, 1);
        next(gate);
        reject(signal?.reason as Error);
      };
      gate.waiting.push(waiter);
      signal?.addEventListener("abort", stop, { once: true });
      return promise.finally(() => signal?.removeEventListener("abort", stop));
    },
  };
}
