import { Loads } from "./loads.ts";

/**
 * Values worth keeping, the least recently used leave first when their weights pass the limit. Concurrent
 * loads of one key are one load.
 */
export class WeightedCache<V> {
  readonly #limit: number;
  readonly #weigh: (value: V) => number;
  readonly #held = new Map<string, { value: V; weight: number }>();
  readonly #loads = new Loads<V>();
  #weight = 0;

  constructor(limit: number, weigh: (value: V) => number) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** The value of the key where it is held; counts as a use. */
  peek(key: string): V | undefined {
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, held);
    return held.value;
  }

  /** The value of the key, loaded where it is not held. A failed load is not remembered. */
  async get(key: string, load: () => Promise<V>): Promise<V> {
    return (
      this.peek(key) ??
      this.#loads.share(key, async () => {
        const value = await load();
        this.#keep(key, value);
        return value;
      })
    );
  }

  // The newest stays even where it alone is over the limit: it would only be loaded again at once.
  #keep(key: string, value: V): void {
    const weight = this.#weigh(value);
    this.#held.set(key, { value, weight });
    this.#weight += weight;
    for (const [oldest, { weight: freed }] of this.#held) {
      if (this.#weight <= this.#limit || oldest === key) return;
      this.#held.delete(oldest);
      this.#weight -= freed;
    }
  }
}
