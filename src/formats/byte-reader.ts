/** Reads a stream of chunks by byte counts. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next bytes without taking them: `count` of them, or fewer where the stream ends before. */
  async peek(count: number): Promise<Buffer> {
    if (this.#held.length < count) await this.#fill(count);
    return this.#held.subarray(0, count);
  }

  /** Takes `count` bytes; undefined where the stream ends before. The bytes are valid until the next call. */
  async take(count: number): Promise<Buffer | undefined> {
    const bytes = await this.peek(count);
    if (bytes.length < count) return undefined;
    this.#held = this.#held.subarray(count);
    return bytes;
  }

  /** Takes what is at hand, at most `count` bytes; none at the end of the stream. */
  async some(count: number): Promise<Buffer> {
    await this.peek(1);
    const bytes = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(bytes.length);
    return bytes;
  }

  /** Puts back the last bytes taken, to be read again. */
  giveBack(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  async atEnd(): Promise<boolean> {
    return (await this.peek(1)).length === 0;
  }

  /** Everything that has not been taken, as it comes. */
  async *rest(): AsyncGenerator<Buffer> {
    while (!(await this.atEnd())) {
      const bytes = this.#held;
      this.#held = Buffer.alloc(0);
      yield bytes;
    }
  }

  /** Ends the source where it is not read to the end. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#chunks.return?.();
  }

  async #fill(count: number): Promise<void> {
    const parts = [this.#held];
    let size = this.#held.length;
    while (size < count && !this.#ended) {
      const { done, value } = await this.#next();
      if (done === true) this.#ended = true;
      else {
        parts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
        size += value.byteLength;
      }
    }
    this.#held = parts.length === 1 ? this.#held : Buffer.concat(parts);
  }

  async #next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      // A source that failed is over: there is nothing to close.
      this.#ended = true;
      throw error;
    }
  }
}
