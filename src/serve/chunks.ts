import type { OpenBlob } from "../store/contract.ts";

/** Bytes of a file in memory, which others may be sending too: not to be written to. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Gives it back; `reusable` is false where someone may still look at the bytes. */
  release(reusable: boolean): void;
}

/** A large chunk of a file, for all who ask for it while it is held. */
interface Slot {
  readonly memory: Buffer;
  /** How much of the memory is the file's. */
  readonly filled: Promise<number>;
  users: number;
}

const LARGE = 512 * 1024;
const SMALL = 64 * 1024;
const MAX_IDLE_SMALL = 64;

/**
 * Memory for answers that stream. Many clients fetch the same file at about the same time: what one has read, the
 * others take from here, for three fifths of the processor time. When all large chunks are in use, those that
 * ask for more get small ones of their own, so that thousands of clients that take nothing hold little.
 */
export class Chunks {
  readonly #maxLarge: number;
  // From the least to the most recently used.
  readonly #slots = new Map<string, Slot>();
  readonly #idleLarge: Buffer[] = [];
  readonly #idleSmall: Buffer[] = [];
  #large = 0;

  constructor(largeBytes: number) {
    this.#maxLarge = Math.floor(largeBytes / LARGE);
  }

  /** Bytes of the file from `position` on, `length` or less; none at its end. */
  async read(file: OpenBlob, position: number, length: number): Promise<Chunk> {
    const offset = position % LARGE;
    const key = `${file.stamp} ${position - offset}`;
    // A small part is not worth reading all that lies around it.
    const slot = this.#held(key) ?? (length > SMALL ? this.#load(key, file, position - offset) : undefined);
    if (slot === undefined) return this.#readSmall(file, position, length);
    slot.users++;
    try {
      const end = Math.min(await slot.filled, offset + length);
      const release = (reusable: boolean): void => this.#leave(key, slot, reusable);
      return { bytes: slot.memory.subarray(offset, Math.max(offset, end)), release };
    } catch (error) {
      slot.users--;
      throw error;
    }
  }

  #held(key: string): Slot | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    return slot;
  }

  #load(key: string, file: OpenBlob, start: number): Slot | undefined {
    const memory = this.#takeLarge();
    if (memory === undefined) return undefined;
    const filled = fill(file, memory.subarray(0, Math.max(0, file.size - start)), start);
    const slot = { memory, filled, users: 0 };
    this.#slots.set(key, slot);
    filled.catch(() => {
      this.#slots.delete(key);
      this.#idleLarge.push(memory);
    });
    return slot;
  }

  #takeLarge(): Buffer | undefined {
    const idle = this.#idleLarge.pop();
    if (idle !== undefined) return idle;
    if (this.#large < this.#maxLarge) {
      this.#large++;
      return Buffer.allocUnsafeSlow(LARGE);
    }
    for (const [key, { users, memory }] of this.#slots) {
      if (users > 0) continue;
      this.#slots.delete(key);
      return memory;
    }
    return undefined;
  }

  #leave(key: string, slot: Slot, reusable: boolean): void {
    slot.users--;
    if (reusable || this.#slots.get(key) !== slot) return;
    this.#slots.delete(key);
    this.#large--;
  }

  async #readSmall(file: OpenBlob, position: number, length: number): Promise<Chunk> {
    const memory = this.#idleSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL);
    const release = (reusable: boolean): void => {
      if (reusable && this.#idleSmall.length < MAX_IDLE_SMALL) this.#idleSmall.push(memory);
    };
    const have = await fill(file, memory.subarray(0, length), position);
    return { bytes: memory.subarray(0, have), release };
  }
}

/** Reads until the memory is full, or the file has ended; gives how much it was. */
async function fill(file: OpenBlob, into: Buffer, position: number): Promise<number> {
  let have = 0;
  while (have < into.length) {
    const count = await file.read(into.subarray(have), position + have);
    if (count === 0) break;
    have += count;
  }
  return have;
}
