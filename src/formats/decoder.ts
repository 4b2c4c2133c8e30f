import type { ByteReader } from "./byte-reader.ts";

/**
 * Takes the file, whose first bytes have been looked at but not taken; `maxBytes` is for its own buffers,
 * output is counted here.
 */
export type Decoder = (input: ByteReader, maxBytes: number) => AsyncIterable<Uint8Array>;

/**
 * A fault of the compressed bytes themselves; its message ends the sentence "… cannot be decompressed (xz):
 * ".
 */
export class Damaged extends Error {}
