import { Loads } from "./loads.ts";

interface Held<V> {
  readonly value: V;
  readonly weight: number;
}

/** Of the limit, what values that were asked for again may take. */
const SAFE_SHARE = 0.8;
/** A value heavier than this part of the limit is not kept: it would push out too many others. */
const MAX_SHARE = 1 / 8;

/**
 * Values that never change by their keys, bounded by weight, in two segments: a new value is on trial, and one that
 * is asked for again is safe. What is asked for once, however much of it, pushes out only what is on trial.
 * Concurrent loads of one key are one load.
 */
export class HotCache<V> {
  readonly #limit: number;
  readonly #weigh: (value: V) => number;
  // Each from the least to the most recently used.
  readonly #trial = new Map<string, Held<V>>();
  readonly #safe = new Map<string, Held<V>>();
  readonly #loads = new Loads<V>();
  #trialWeight = 0;
  #safeWeight = 0;

  constructor(limit: number, weigh: (value: V) => number) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** What is held now weighs this much; never more than the limit. */
  get weight(): number {
    return this.#trialWeight + this.#safeWeight;
  }

  /** The value where it is held; counts as a use. */
  peek(key: string): V | undefined {
    const safe = this.#safe.get(key);
    if (safe !== undefined) {
      this.#safe.delete(key);
      this.#safe.set(key, safe);
      return safe.value;
    }
    const held = this.#trial.get(key);
    if (held === undefined) return undefined;
    this.#trial.delete(key);
    this.#trialWeight -= held.weight;
    this.#safe.set(key, held);
    this.#safeWeight += held.weight;
    this.#trim();
    return held.value;
  }

  /** The value, loaded where it is not held. A failed load is not remembered. */
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

  /** Forgets the value. */
  drop(key: string): void {
    this.#trialWeight -= this.#trial.get(key)?.weight ?? 0;
    this.#trial.delete(key);
    this.#safeWeight -= this.#safe.get(key)?.weight ?? 0;
    this.#safe.delete(key);
  }

  #keep(key: string, value: V): void {
    const weight = this.#weigh(value);
    if (weight > this.#limit * MAX_SHARE) return;
    this.#trial.set(key, { value, weight });
    this.#trialWeight += weight;
    this.#trim();
  }

  #trim(): void {
    for (const [key, held] of this.#safe) {
      if (this.#safeWeight <= this.#limit * SAFE_SHARE) break;
      this.#safe.delete(key);
      this.#safeWeight -= held.weight;
      this.#trial.set(key, held);
      this.#trialWeight += held.weight;
    }
    for (const [key, held] of this.#trial) {
      if (this.weight <= this.#limit) break;
      this.#trial.delete(key);
      this.#trialWeight -= held.weight;
    }
  }
}
