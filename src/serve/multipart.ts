import { randomBytes } from "node:crypto";
import type { ByteRange } from "./range.ts";

/** The body of a 206 that holds several parts: what stands before each of them and after the last. */
export interface Multipart {
  readonly contentType: string;
  /** Bytes of the whole body. */
  readonly length: number;
  readonly heads: readonly Buffer[];
  readonly tail: Buffer;
}

/**
 * Lays out multipart/byteranges (RFC 9110 14.6) of a file of `size` bytes. The boundary is random, so that nothing
 * in a file can be it.
 */
export function layOut(type: string, ranges: readonly ByteRange[], size: number): Multipart {
  const boundary = randomBytes(16).toString("hex");
  const heads = ranges.map((range) =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
    ),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const bodies = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  const length = heads.reduce((sum, head) => sum + head.length, bodies + tail.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length, heads, tail };
}

export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}
