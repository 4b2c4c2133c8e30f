import { bzip2, lz4, xz } from "../packed.ts";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decompress } from "../../../src/formats/compression.ts";
import { gather, pieces } from "../kit.ts";
import type { Target } from "../target.ts";

const MOST = 256 * 1024;

/** Compressed files of all five kinds: never more than the bound comes out. */
export async function open(): Promise<Target> {
  const text = Buffer.from("Package: a\nVersion: 1\n\n".repeat(20));
  const bomb = Buffer.alloc(MOST + 1);
  return {
    seeds: [
      gzipSync(text),
      gzipSync(bomb),
      Buffer.concat([gzipSync("a"), gzipSync("b")]),
      zstdCompressSync(text),
      zstdCompressSync(bomb),
      xz,
      bzip2,
      lz4,
      text,
    ],
    words: [
      "\x1f\x8b\x08",
      "BZh9",
      "1AY&SY",
      "\ufffd7zXZ\0",
      "(\u00b5/\ufffd",
      '\x04"M\x18',
      "\0\0\0\0",
      "\x7f\x7f\x7f\x7f",
    ],
    maxBytes: 32 * 1024,
    // Of xz the window may have 64 MiB, and one of bzip2's blocks 46.
    memoryMb: 200,
    async run(input) {
      await gather(decompress(pieces(input), { maxBytes: MOST, what: "The index" }), MOST);
    },
  };
}
