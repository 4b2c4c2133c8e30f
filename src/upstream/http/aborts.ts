type Action = (reason: Error) => void;

/** Slots that are used again: a Set leaves tables behind, which keep alive for long what they once held. */
interface Listeners {
  readonly actions: (Action | undefined)[];
  readonly free: number[];
}

const known = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls `action` with the reason when the signal is aborted, or at once where it is; the function that it gives calls that off. However many ask, the signal has
 * one listener: thousands of requests come with the same one.
 */
export function onAbort(signal: AbortSignal, action: Action): () => void {
  if (signal.aborted) {
    action(signal.reason as Error);
    return () => undefined;
  }
  const { actions, free } = known.get(signal) ?? listen(signal);
  const slot = free.pop() ?? actions.length;
  actions[slot] = action;
  return () => {
    if (actions[slot] !== action) return;
    actions[slot] = undefined;
    free.push(slot);
  };
}

function listen(signal: AbortSignal): Listeners {
  const listeners: Listeners = { actions: [], free: [] };
  known.set(signal, listeners);
  signal.addEventListener("abort", () => {
    for (const action of listeners.actions) action?.(signal.reason as Error);
  });
  return listeners;
}
