import type { ByteReader } from "./byte-reader.ts";
import { Damaged, type Decoder } from "./decoder.ts";
import { WINDOW, decodeLz4Block } from "./lz4-block.ts";
import { XxHash32, xxHash32 } from "./xxhash32.ts";

const MAGIC = 0x184d2204;
const SKIPPABLE = 0x184d2a50;
const UNCOMPRESSED = 0x80000000;

interface Frame {
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentSize: bigint | undefined;
  readonly linked: boolean;
  readonly maxBlock: number;
}

/**
 * LZ4 frames (lz4_Frame_format.md 1.6.3), any number of them, skippable ones too; no dictionaries, not the
 * legacy format. All checksums are checked.
 */
export const decodeLz4: Decoder = async function* (input): AsyncGenerator<Uint8Array> {
  while (!(await input.atEnd())) {
    const magic = (await need(input, 4)).readUInt32LE();
    if (magic === MAGIC) yield* decodeFrame(input, await readHeader(input));
    else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) await skip(input);
    else throw new Damaged("something else follows it");
  }
};

async function readHeader(input: ByteReader): Promise<Frame> {
  const [flags = 0, descriptor = 0] = await input.peek(2);
  const hasSize = (flags & 8) !== 0;
  const hasDictionary = (flags & 1) !== 0;
  const size = 2 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0);
  // A copy: the next read takes the bytes away.
  const header = Buffer.from(await need(input, size));
  const checksum = (await need(input, 1)).readUInt8();
  if (((xxHash32(header) >>> 8) & 255) !== checksum) throw new Damaged("the checksum of its header is wrong");
  if (flags >>> 6 !== 1 || (flags & 2) !== 0 || (descriptor & 0x8f) !== 0)
    throw new Damaged("its version is not known");
  if (hasDictionary) throw new Damaged("it needs a dictionary");
  const blockSize = descriptor >>> 4;
  if (blockSize < 4) throw new Damaged("its block size is not known");
  return {
    linked: (flags & 0x20) === 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 4) !== 0,
    contentSize: hasSize ? header.readBigUInt64LE(2) : undefined,
    maxBlock: 1 << (8 + 2 * blockSize),
  };
}

async function* decodeFrame(input: ByteReader, frame: Frame): AsyncGenerator<Buffer> {
  const out = Buffer.alloc(WINDOW + frame.maxBlock);
  const hash = new XxHash32();
  let history = 0;
  let total = 0;
  for (;;) {
    const word = (await need(input, 4)).readUInt32LE();
    if (word === 0) break;
    const size = word & ~UNCOMPRESSED;
    if (size > frame.maxBlock) throw new Damaged("a block is larger than it may be");
    const block = await need(input, size + (frame.blockChecksums ? 4 : 0));
    const data = block.subarray(0, size);
    if (frame.blockChecksums && xxHash32(data) !== block.readUInt32LE(size))
      throw new Damaged("the checksum of a block is wrong");
    const room = out.subarray(0, history + frame.maxBlock);
    const end =
      word >= UNCOMPRESSED ? history + data.copy(room, history) : decodeLz4Block(data, room, history);
    if (end === undefined) throw new Damaged("it is damaged");
    const content = Buffer.from(out.subarray(history, end));
    if (frame.contentChecksum) hash.update(content);
    total += content.length;
    yield content;
    history = frame.linked ? Math.min(end, WINDOW) : 0;
    out.copyWithin(0, end - history, end);
  }
  if (frame.contentChecksum && (await need(input, 4)).readUInt32LE() !== hash.digest())
    throw new Damaged("its checksum is wrong");
  if (frame.contentSize !== undefined && frame.contentSize !== BigInt(total))
    throw new Damaged("its size is not the one that it names");
}

async function skip(input: ByteReader): Promise<void> {
  let left = (await need(input, 4)).readUInt32LE();
  while (left > 0) {
    const bytes = await input.some(left);
    if (bytes.length === 0) throw new Damaged("it is cut off");
    left -= bytes.length;
  }
}

async function need(input: ByteReader, count: number): Promise<Buffer> {
  const bytes = await input.take(count);
  if (bytes === undefined) throw new Damaged("it is cut off");
  return bytes;
}
