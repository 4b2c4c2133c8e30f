import type { Bunzip, BunzipInput } from "seek-bzip";
import type { ByteReader } from "./byte-reader.ts";
import { Damaged, type Decoder } from "./decoder.ts";

const CHUNK = 256 * 1024;

/**
 * bzip2, with any number of streams. The compressed file is held in memory, and no more than one block (46 MB
 * at most) of its content.
 */
export const decodeBzip2: Decoder = async function* (input, maxBytes): AsyncGenerator<Uint8Array> {
  const { default: BunzipStream } = await import("seek-bzip");
  const file = inMemory(await readAll(input, maxBytes));
  const output = new Output(maxBytes);
  while (!file.atEnd()) {
    // The library throws TypeErrors for damaged data, here as below.
    const stream = guarded(() => new BunzipStream(file, output));
    while (guarded(() => nextBlock(stream))) yield* output.take();
  }
};

function nextBlock(stream: Bunzip): boolean {
  if (stream._init_block()) {
    stream._read_bunzip();
    return true;
  }
  if (stream.reader.read(32) >>> 0 !== stream.streamCRC) throw new Damaged("its checksum is wrong");
  return false;
}

function guarded<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Damaged) throw error;
    throw new Damaged("it is damaged, or something else follows it", { cause: error });
  }
}

// bzip2 makes a file larger by 1 % and 600 bytes at worst, so a longer one cannot be within the bound.
async function readAll(input: ByteReader, maxBytes: number): Promise<Buffer> {
  const limit = maxBytes + maxBytes / 50 + 65536;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of input.rest()) {
    parts.push(chunk);
    size += chunk.length;
    if (size > limit) throw new Damaged(`it holds more than ${maxBytes} bytes`);
  }
  return Buffer.concat(parts);
}

function inMemory(bytes: Buffer): BunzipInput & { atEnd(): boolean } {
  let at = 0;
  const readByte = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new Damaged("it is cut off");
    return byte;
  };
  return {
    readByte,
    read(target, offset, length) {
      for (let index = 0; index < length; index++) target[offset + index] = readByte();
      return length;
    },
    atEnd: () => at >= bytes.length,
  };
}

class Output {
  #chunks: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK);
  #at = 0;
  #left: number;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
    this.#maxBytes = maxBytes;
  }

  writeByte(byte: number): void {
    if (this.#left-- === 0) throw new Damaged(`it holds more than ${this.#maxBytes} bytes`);
    if (this.#at === CHUNK) {
      this.#chunks.push(this.#chunk);
      this.#chunk = Buffer.allocUnsafe(CHUNK);
      this.#at = 0;
    }
    this.#chunk[this.#at++] = byte;
  }

  *take(): Generator<Buffer> {
    yield* this.#chunks;
    this.#chunks = [];
    if (this.#at > 0) yield this.#chunk.subarray(0, this.#at);
    this.#chunk = Buffer.allocUnsafe(CHUNK);
    this.#at = 0;
  }
}
