import type { ByteReader } from "./byte-reader.ts";
import { Damaged, type Decoder } from "./decoder.ts";

/**
 * What the WebAssembly module inside xz-decompress exports: xz-embedded with a small buffer on either side.
 */
interface XzModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  create_context(): number;
  supply_input(context: number, size: number): void;
  get_next_output(context: number): number;
}

interface XzLibrary {
  _getModuleInstance(): Promise<void>;
  _moduleInstance: { readonly exports: XzModule };
}

// Words of a context in the module's memory.
const BUFFER_SIZE = 0;
const INPUT = 1;
const INPUT_AT = 2;
const INPUT_SIZE = 3;
const OUTPUT = 4;
const OUTPUT_SIZE = 5;

const OK = 0;
const STREAM_END = 1;
const REASONS: Record<number, string> = {
  4: "it needs a dictionary of more than 64 MiB",
  5: "something else follows it, or it is not xz",
  6: "it uses an option that is not supported",
  7: "it is damaged",
  8: "it is cut off or damaged",
};

/**
 * xz (the .xz file format 1.2), with any number of streams and padding between them; dictionaries up to 64
 * MiB; CRC32, CRC64 or no check. The library's own stream lets only one file be read at a time in the whole
 * process, so its module is driven directly, one instance a file.
 */
export const decodeXz: Decoder = async function* (input: ByteReader): AsyncGenerator<Uint8Array> {
  const module = await instance();
  const context = module.create_context();
  const words = (): Uint32Array => new Uint32Array(module.memory.buffer, context, 6);
  const word = (index: number): number => words()[index] ?? 0;
  const capacity = word(BUFFER_SIZE);
  for (;;) {
    if (word(INPUT_AT) === word(INPUT_SIZE)) {
      const chunk = await input.some(capacity);
      new Uint8Array(module.memory.buffer).set(chunk, word(INPUT));
      module.supply_input(context, chunk.length);
    }
    const result = module.get_next_output(context);
    if (result !== OK && result !== STREAM_END) throw new Damaged(REASONS[result] ?? "it is damaged");
    const output = word(OUTPUT);
    const size = word(OUTPUT_SIZE);
    if (size > 0) yield new Uint8Array(module.memory.buffer.slice(output, output + size));
    words()[OUTPUT_SIZE] = 0;
    // Given only at the end of the file: whatever follows a stream must be another one.
    if (result === STREAM_END) return;
  }
};

let turn: Promise<unknown> = Promise.resolve();

// Each call of the library's loader makes a new instance and leaves it in one place for all: so one call at a
// time.
async function instance(): Promise<XzModule> {
  const next = turn.then(async () => {
    const imported = (await import("xz-decompress")) as unknown as {
      default: { XzReadableStream: XzLibrary };
    };
    const library = imported.default.XzReadableStream;
    await library._getModuleInstance();
    return library._moduleInstance.exports;
  });
  turn = next.catch(() => undefined);
  return next;
}
