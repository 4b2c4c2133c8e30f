/** Loads on their way: those who ask for one key at the same time get one load. */
export class Loads<V> {
  readonly #running = new Map<string, Promise<V>>();

  /** What `load` gives, or a load of the key that has begun before; a failure reaches all who wait. */
  async share(key: string, load: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = load().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
