import type { ByteReader } from "./byte-reader.ts";

/** The values of one tag of a header. */
export interface RpmTag {
  /** Of numbers, whatever their width. */
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
  /** Of a tag that holds bytes. */
  readonly bytes: Uint8Array | undefined;
}

export interface RpmHeader {
  /** From its magic to its end: what signatures and digests are made over. */
  readonly raw: Buffer;
  get(tag: number): RpmTag | undefined;
}

/** What stands before the payload of a package (https://rpm.org/docs/latest/manual/format_v4.html). */
export interface RpmHead {
  /** Signatures and digests of what follows. */
  readonly signature: RpmHeader;
  readonly header: RpmHeader;
  /** Everything after the header, as it comes. */
  payload(): AsyncIterable<Buffer>;
}

/** A fault of the bytes; its message ends the sentence "… is no sound package: ". */
export class BadRpm extends Error {}

const LEAD = 96;
const INTRO = 16;
const INDEX = 16;
const MAX_TAGS = 0xffff;
// rpm's own bounds are 64 MiB and 256 MiB; no vendor comes near.
const MAX_SIGNATURE = 4 * 1024 ** 2;
const MAX_HEADER = 64 * 1024 ** 2;

/** Reads lead and both headers; the payload is left to be read. Throws BadRpm. */
export async function readRpm(input: ByteReader): Promise<RpmHead> {
  const lead = await input.take(LEAD);
  if (lead === undefined || lead.readUInt32BE(0) !== 0xedabeedb) throw new BadRpm("it does not begin as one");
  const signature = await readHeader(input, MAX_SIGNATURE, "signature header");
  const padding = (8 - (signature.raw.length % 8)) % 8;
  if ((await input.take(padding)) === undefined) throw new BadRpm("it is cut short");
  const header = await readHeader(input, MAX_HEADER, "header");
  return { signature, header, payload: () => input.rest() };
}

async function readHeader(input: ByteReader, most: number, what: string): Promise<RpmHeader> {
  const intro = await input.peek(INTRO);
  if (intro.length < INTRO || intro.readUInt32BE(0) !== 0x8eade801)
    throw new BadRpm(`its ${what} is not where it must be`);
  const count = intro.readUInt32BE(8);
  const size = intro.readUInt32BE(12);
  if (count > MAX_TAGS || size > most) throw new BadRpm(`its ${what} is too large`);
  const taken = await input.take(INTRO + INDEX * count + size);
  if (taken === undefined) throw new BadRpm("it is cut short");
  // What the reader gives is good until its next call only.
  const raw = Buffer.from(taken);
  return { raw, get: (tag) => findTag(raw, count, tag, what) };
}

function findTag(raw: Buffer, count: number, wanted: number, what: string): RpmTag | undefined {
  let found: RpmTag | undefined;
  for (let at = INTRO; at < INTRO + INDEX * count; at += INDEX) {
    if (raw.readUInt32BE(at) !== wanted) continue;
    // Which of two counts is not for us to guess.
    if (found !== undefined) throw new BadRpm(`its ${what} has the tag ${wanted} twice`);
    const store = raw.subarray(INTRO + INDEX * count);
    const [type, offset, items] = [
      raw.readUInt32BE(at + 4),
      raw.readUInt32BE(at + 8),
      raw.readUInt32BE(at + 12),
    ];
    found = readTag(store, type, offset, items, `the tag ${wanted} of its ${what}`);
  }
  return found;
}

// By type: the bytes of one value. Texts end by themselves.
const WIDTHS: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8 };

function readTag(store: Buffer, type: number, offset: number, count: number, what: string): RpmTag {
  const outside = (): BadRpm => new BadRpm(`${what} lies outside`);
  if (offset > store.length) throw outside();
  if (type === 7) {
    if (count > store.length - offset) throw outside();
    return { numbers: [], texts: [], bytes: store.subarray(offset, offset + count) };
  }
  if (type === 6 || type === 8 || type === 9) {
    if (count > store.length - offset) throw outside();
    return { numbers: [], texts: readTexts(store, offset, count, outside), bytes: undefined };
  }
  const width = WIDTHS[type];
  if (width === undefined) throw new BadRpm(`${what} is of an unknown type`);
  if (count > (store.length - offset) / width) throw outside();
  const numbers = Array.from({ length: count }, (_, at) => readNumber(store, offset + at * width, width));
  return { numbers, texts: [], bytes: undefined };
}

function readNumber(store: Buffer, at: number, width: number): number {
  return width === 8 ? Number(store.readBigUInt64BE(at)) : store.readUIntBE(at, width);
}

function readTexts(store: Buffer, offset: number, count: number, outside: () => BadRpm): string[] {
  const texts: string[] = [];
  let at = offset;
  for (let item = 0; item < count; item++) {
    const end = store.indexOf(0, at);
    if (end < 0) throw outside();
    texts.push(store.toString("utf8", at, end));
    at = end + 1;
  }
  return texts;
}
