import { SluiceError } from "../base/errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { Damaged, type Decoder } from "./decoder.ts";

export interface Bounds {
  /** Bytes that may come out, at most. */
  readonly maxBytes: number;
  /** What is decompressed, for error sentences. */
  readonly what: string;
}

/**
 * The content of a file that may be compressed. The format is told by its first bytes: xz, gzip, zstd, bzip2,
 * LZ4 frames, otherwise plain. Files of several streams or frames are read to the end. Throws `decompression`
 * when more than maxBytes come out, when the file is damaged or cut off, and when something else follows it;
 * what the source throws passes through.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  bounds: Bounds,
): AsyncGenerator<Uint8Array> {
  const input = new ByteReader(source);
  try {
    const format = formatOf(await input.peek(10));
    const decoder = await decoders[format]();
    let size = 0;
    try {
      for await (const chunk of decoder(input, bounds.maxBytes)) {
        size += chunk.length;
        if (size > bounds.maxBytes) throw tooLarge(bounds);
        if (chunk.length > 0) yield chunk;
      }
    } catch (error) {
      if (error instanceof Damaged) throw damaged(bounds, format, error.message, error);
      throw error;
    }
  } finally {
    await input.close();
  }
}

export type Format = "plain" | "xz" | "gzip" | "zstd" | "bzip2" | "lz4";

const decoders: Record<Format, () => Promise<Decoder>> = {
  plain: async () => (input) => input.rest(),
  xz: async () => (await import("./xz.ts")).decodeXz,
  gzip: async () => (await import("./zlib.ts")).decodeGzip,
  zstd: async () => (await import("./zlib.ts")).decodeZstd,
  bzip2: async () => (await import("./bzip2.ts")).decodeBzip2,
  lz4: async () => (await import("./lz4.ts")).decodeLz4,
};

/** The compression that the first ten bytes of a file show. */
export function formatOf(head: Uint8Array): Format {
  const hex = Buffer.from(head).toString("hex");
  if (hex.startsWith("fd377a585a00")) return "xz";
  if (hex.startsWith("1f8b")) return "gzip";
  if (hex.startsWith("28b52ffd")) return "zstd";
  if (hex.startsWith("04224d18")) return "lz4";
  // "BZh", a digit, and the mark of a block or of the end.
  if (/^425a683[1-9](?:314159265359|177245385090)/.test(hex)) return "bzip2";
  return "plain";
}

function tooLarge(bounds: Bounds): SluiceError {
  return new SluiceError(
    "decompression",
    `${bounds.what} grows past ${bounds.maxBytes} bytes when it is decompressed: refused.`,
  );
}

function damaged(bounds: Bounds, format: Format, reason: string, cause: unknown): SluiceError {
  return new SluiceError("decompression", `${bounds.what} cannot be decompressed (${format}): ${reason}.`, {
    cause,
  });
}
