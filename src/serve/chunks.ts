/** Memory to read into, taken for one answer. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Gives it back; `reusable` is false where someone may still look at its bytes. */
  release(reusable: boolean): void;
}

const LARGE = 512 * 1024;
const SMALL = 64 * 1024;
const MAX_IDLE_SMALL = 64;

/**
 * Memory for answers that stream: large chunks, which cost the processor least, for so many answers at a time, and
 * small ones for the others. Thousands of clients that take nothing so hold little.
 */
export class Chunks {
  readonly #maxLarge: number;
  readonly #large: Buffer[] = [];
  readonly #small: Buffer[] = [];
  #largeTaken = 0;

  constructor(largeBytes: number) {
    this.#maxLarge = Math.floor(largeBytes / LARGE);
  }

  take(): Chunk {
    if (this.#largeTaken >= this.#maxLarge) return this.#takeSmall();
    this.#largeTaken++;
    const bytes = this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE);
    return {
      bytes,
      release: (reusable) => {
        this.#largeTaken--;
        if (reusable) this.#large.push(bytes);
      },
    };
  }

  #takeSmall(): Chunk {
    const bytes = this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL);
    return {
      bytes,
      release: (reusable) => {
        if (reusable && this.#small.length < MAX_IDLE_SMALL) this.#small.push(bytes);
      },
    };
  }
}
