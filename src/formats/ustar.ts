import { isUtf8 } from "node:buffer";
import { SluiceError } from "../base/errors.ts";
import { ByteReader } from "./byte-reader.ts";

/** A member of an archive. `body` must be read to its end before the next one is asked for. */
export interface UstarMember {
  readonly name: string;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
/** The most that the twelve octal digits of a header can say, and so the most of one member. */
export const USTAR_MAX = 8 ** 11 - 1;

/** What ends an archive: two empty blocks. */
export const USTAR_END = Buffer.alloc(2 * BLOCK);

/** Bytes that a member takes: header, content and padding. */
export function ustarSize(size: number): number {
  return BLOCK + Math.ceil(size / BLOCK) * BLOCK;
}

/** What fills a member up to whole blocks. */
export function ustarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/**
 * The header of a plain file, owned by root, mode 0644: POSIX.1-1988 ustar, which every tar reads. `mtime` in seconds. Same input, same bytes. Throws internal
 * for a name that does not fit.
 */
export function ustarHeader(name: string, size: number, mtime: number): Buffer {
  const { prefix, rest } = splitName(name);
  if (size > USTAR_MAX)
    throw new SluiceError("internal", `A member of an archive cannot have ${size} bytes.`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void =>
    void header.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  header.write(rest, 0, "utf8");
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(Math.max(0, Math.floor(mtime)), 136, 11);
  header.write("0", 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  header.write("root", 265, "latin1");
  header.write("root", 297, "latin1");
  octal(0, 329, 7);
  octal(0, 337, 7);
  header.write(prefix, 345, "utf8");
  octal(checksum(header), 148, 6);
  header.write("\0 ", 154, "latin1");
  return header;
}

function splitName(name: string): { prefix: string; rest: string } {
  if (Buffer.byteLength(name) <= 100) return { prefix: "", rest: name };
  for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(rest) <= 100 && rest !== "" && Buffer.byteLength(prefix) <= 155)
      return { prefix, rest };
  }
  throw new SluiceError("internal", `The name '${name}' does not fit into an archive.`);
}

// The sum of all bytes, those of the sum itself taken as spaces.
function checksum(header: Buffer): number {
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return sum;
}

/**
 * Reads an archive of plain files, as ustarHeader writes them. Whatever else a tar can hold (links, devices, folders, extensions) is refused, and
 * so is one that is cut short: throws tar_unexpected with `what` in it. The names are not looked at.
 */
export async function* readUstar(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<UstarMember> {
  const input = new ByteReader(source);
  const refuse = (why: string): SluiceError =>
    new SluiceError("tar_unexpected", `${what} ${why}: it was damaged or altered.`);

  async function take(length: number): Promise<Buffer> {
    const taken = await input.take(length);
    if (taken === undefined) throw refuse("is cut short");
    return taken;
  }
  // What is left of the member that is being read: its reader may leave early.
  let left = 0;
  async function some(): Promise<Buffer> {
    const chunk = await input.some(left);
    if (chunk.length === 0) throw refuse("is cut short");
    left -= chunk.length;
    return chunk;
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    while (left > 0) yield await some();
  }

  try {
    for (;;) {
      const header = await take(BLOCK);
      if (header.every((byte) => byte === 0)) break;
      const { name, size } = parseHeader(header, refuse);
      left = size;
      yield { name, size, body: body() };
      while (left > 0) await some();
      if ((await take((BLOCK - (size % BLOCK)) % BLOCK)).some((byte) => byte !== 0))
        throw refuse("has something between its files");
    }
    const end = await take(BLOCK);
    if (end.some((byte) => byte !== 0) || !(await input.atEnd())) throw refuse("goes on after its end");
  } finally {
    await input.close();
  }
}

function parseHeader(header: Buffer, refuse: (why: string) => SluiceError): { name: string; size: number } {
  const text = (at: number, length: number): string => {
    const field = header.subarray(at, at + length);
    const end = field.indexOf(0);
    const bytes = field.subarray(0, end < 0 ? length : end);
    // What takes the place of other bytes is longer than they are, and may fit into no header.
    if (!isUtf8(bytes)) throw refuse("has a header that is none");
    return bytes.toString("utf8");
  };
  const octal = (at: number, length: number): number => {
    const field = text(at, length).trim();
    if (!/^[0-7]{1,11}$/.test(field)) throw refuse("has a header that is none");
    return Number.parseInt(field, 8);
  };
  if (text(0, 100) === "") throw refuse("has a header that is none");
  const prefix = text(345, 155);
  const name = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  const size = octal(124, 12);
  // There is one way to write a header, so that nothing can hide in another one.
  if (!header.equals(ustarHeader(name, size, octal(136, 12))))
    throw refuse("holds something else than plain files");
  return { name, size };
}
