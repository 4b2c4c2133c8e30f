/** Gives the place back; a second call does nothing. */
export type Leave = () => void;

/** A gate for each name, through which only so many go at a time. Who comes first goes first. */
export interface Gates {
  /** Undefined where there is no room, or others wait for it. */
  tryEnter(name: string): Leave | undefined;
  /** Waits for room. */
  enter(name: string): Promise<Leave>;
  /** True where someone waits. */
  isCrowded(name: string): boolean;
}

interface Gate {
  inside: number;
  readonly waiting: ((leave: Leave) => void)[];
}

/** Gates with room for `capacity` each. */
export function createGates(capacity: number): Gates {
  const gates = new Map<string, Gate>();

  function gateOf(name: string): Gate {
    const gate = gates.get(name) ?? { inside: 0, waiting: [] };
    gates.set(name, gate);
    return gate;
  }

  function admit(gate: Gate): Leave | undefined {
    if (gate.inside >= capacity) return undefined;
    gate.inside++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      gate.inside--;
      const leave = gate.waiting.length > 0 ? admit(gate) : undefined;
      if (leave !== undefined) gate.waiting.shift()?.(leave);
    };
  }

  function tryEnter(name: string): Leave | undefined {
    const gate = gateOf(name);
    return gate.waiting.length === 0 ? admit(gate) : undefined;
  }

  return {
    tryEnter,
    async enter(name) {
      const leave = tryEnter(name);
      if (leave !== undefined) return leave;
      return await new Promise<Leave>((resolve) => gateOf(name).waiting.push(resolve));
    },
    isCrowded: (name) => gateOf(name).waiting.length > 0,
  };
}
