const MAX_KEYS = 4096;

/**
 * Answers that may be up to `ms` old: what a request asks of the store is asked once for all requests of that
 * moment.
 */
export class Recent {
  readonly #ms: number;
  readonly #held = new Map<string, { at: number; value: Promise<unknown> }>();

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Until when, as performance.now() counts, the answer to `key` that is held may be given; 0 where none is. */
  until(key: string): number {
    const held = this.#held.get(key);
    return held === undefined ? 0 : held.at + this.#ms;
  }

  /**
   * The answer to `key`, asked for where none is young enough. A failure is not remembered. A key always has
   * one type of value.
   */
  get<V>(key: string, load: () => Promise<V>): Promise<V> {
    const now = performance.now();
    const held = this.#held.get(key);
    if (held !== undefined && now - held.at < this.#ms) return held.value as Promise<V>;
    const value = load();
    this.#held.delete(key);
    this.#held.set(key, { at: now, value });
    value.catch(() => {
      if (this.#held.get(key)?.value === value) this.#held.delete(key);
    });
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_KEYS && oldest !== undefined) this.#held.delete(oldest);
    return value;
  }
}
