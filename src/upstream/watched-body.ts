/**
 * Tells an error of a body from one of its reader, and ends the body where the reader leaves it. A class, as all that is made for each of thousands of files and has
 * a getter should be: an object with a getter of its own gets a hidden class of its own, which V8 keeps for long with all that it leads to.
 */
export class WatchedBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  /** True once the body itself has failed. */
  broken = false;
  readonly #source: AsyncIterator<Uint8Array>;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#source.next();
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }
}
