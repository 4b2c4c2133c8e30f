const PRIME1 = 0x9e3779b1;
const PRIME2 = 0x85ebca77;
const PRIME3 = 0xc2b2ae3d;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;

/** xxHash32 with seed 0 (the xxHash specification, 0.1.1): the checksum of LZ4 frames. */
export class XxHash32 {
  #a = (PRIME1 + PRIME2) | 0;
  #b = PRIME2 | 0;
  #c = 0;
  #d = -PRIME1 | 0;
  #total = 0;
  // Less than one stripe of 16 bytes, waiting for the rest.
  readonly #held = Buffer.alloc(16);
  #heldSize = 0;

  update(bytes: Buffer): this {
    this.#total += bytes.length;
    let at = 0;
    if (this.#heldSize > 0) {
      at = bytes.copy(this.#held, this.#heldSize, 0, 16 - this.#heldSize);
      this.#heldSize += at;
      if (this.#heldSize < 16) return this;
      this.#stripes(this.#held, 0, 16);
    }
    const whole = at + ((bytes.length - at) & ~15);
    this.#stripes(bytes, at, whole);
    this.#heldSize = bytes.copy(this.#held, 0, whole);
    return this;
  }

  digest(): number {
    let hash =
      this.#total < 16
        ? PRIME5
        : rotate(this.#a, 1) + rotate(this.#b, 7) + rotate(this.#c, 12) + rotate(this.#d, 18);
    hash = (hash + this.#total) | 0;
    let at = 0;
    for (; at + 4 <= this.#heldSize; at += 4) {
      hash = (hash + Math.imul(this.#held.readInt32LE(at), PRIME3)) | 0;
      hash = Math.imul(rotate(hash, 17), PRIME4);
    }
    for (; at < this.#heldSize; at++) {
      hash = (hash + Math.imul(this.#held.readUInt8(at), PRIME5)) | 0;
      hash = Math.imul(rotate(hash, 11), PRIME1);
    }
    hash = Math.imul(hash ^ (hash >>> 15), PRIME2);
    hash = Math.imul(hash ^ (hash >>> 13), PRIME3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #stripes(bytes: Buffer, from: number, to: number): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at < to; at += 16) {
      a = round(a, view.getInt32(at, true));
      b = round(b, view.getInt32(at + 4, true));
      c = round(c, view.getInt32(at + 8, true));
      d = round(d, view.getInt32(at + 12, true));
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}

export function xxHash32(bytes: Buffer): number {
  return new XxHash32().update(bytes).digest();
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME2)) | 0, 13), PRIME1);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
