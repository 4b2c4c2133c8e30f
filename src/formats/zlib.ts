import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { ByteReader } from "./byte-reader.ts";
import { Damaged, type Decoder } from "./decoder.ts";

// The default of 16 KiB halves the speed.
const chunkSize = 256 * 1024;

/** A stream of node:zlib; it counts the bytes that it has taken. */
type Codec = Transform & { readonly bytesWritten: number };

/** gzip (RFC 1952), with any number of members: node:zlib goes on to the next one by itself. */
export const decodeGzip: Decoder = async function* (input): AsyncGenerator<Uint8Array> {
  yield* decodeOne(input, createGunzip({ chunkSize }));
  if (!(await input.atEnd())) throw new Damaged("something else follows it");
};

/** Zstandard (RFC 8878), with any number of frames, skippable ones too: node:zlib stops after each. */
export const decodeZstd: Decoder = async function* (input, maxBytes): AsyncGenerator<Uint8Array> {
  // The window is memory: 8 MiB is what level 19 uses; more only where the content may be larger than that.
  const windowLog = Math.min(27, Math.max(23, Math.ceil(Math.log2(Math.max(1, maxBytes)))));
  const params = { [constants.ZSTD_d_windowLogMax]: windowLog };
  while (!(await input.atEnd())) {
    const magic = (await input.peek(4)).toString("hex");
    if (!/^(?:28b52ffd|5.2a4d18)$/.test(magic)) throw new Damaged("something else follows it");
    yield* decodeOne(input, createZstdDecompress({ chunkSize, params }));
  }
};

// One run of the codec; what it leaves of the input is given back.
async function* decodeOne(input: ByteReader, codec: Codec): AsyncGenerator<Buffer> {
  let sourceFailed: { error: unknown } | undefined;
  const feed = async (): Promise<void> => {
    let fed = 0;
    for (;;) {
      const chunk = await input.some(chunkSize).catch((error: unknown) => {
        sourceFailed = { error };
        throw error;
      });
      if (chunk.length === 0) break;
      await written(codec, chunk);
      fed += chunk.length;
      const unused = fed - codec.bytesWritten;
      if (unused > 0) {
        input.giveBack(chunk.subarray(chunk.length - unused));
        break;
      }
    }
    codec.end();
  };
  const feeding = feed().catch((error: unknown) => {
    codec.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of codec) yield chunk as Buffer;
  } catch (error) {
    if (sourceFailed !== undefined) throw sourceFailed.error;
    if (!isCodecError(error)) throw error;
    throw new Damaged(reason(error), { cause: error });
  }
  await feeding;
}

async function written(codec: Codec, chunk: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  codec.write(chunk, (error) => (error ? reject(error) : resolve()));
  await promise;
}

function isCodecError(error: unknown): error is NodeJS.ErrnoException {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && /^(?:Z_|ZSTD_|ERR_ZLIB)/.test(code);
}

function reason(error: NodeJS.ErrnoException): string {
  return error.code === "Z_BUF_ERROR" ? "it is cut off" : error.message.toLowerCase();
}
