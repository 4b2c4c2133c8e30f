import { SluiceError } from "../base/errors.ts";
import { trimEnd, trimmedLines } from "./armor-lines.ts";

export interface SignedText {
  /**
   * The signed bytes: lines without trailing blanks, joined by CRLF, no final line end (RFC 9580 section
   * 7.2).
   */
  readonly canonical: Buffer;
  /** The same text with LF. */
  readonly text: string;
  /** The armoured signatures. */
  readonly armor: string;
}

const BEGIN_MESSAGE = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE = "-----END PGP SIGNATURE-----";
const HASHES = new Set("MD5 SHA1 RIPEMD160 SHA224 SHA256 SHA384 SHA512 SHA3-256 SHA3-512".split(" "));

/**
 * Takes a clear-signed file apart (RFC 9580 section 7). The file must be one signed block with nothing but
 * blank lines around it, since a client may read what stands there as signed; of the headers only `Hash` is
 * allowed. Throws `signature_framing`, or `signature_missing` where the file is empty.
 */
export function splitCleartext(bytes: Uint8Array, what: string): SignedText {
  const lines = trimmedLines(bytes);
  let at = 0;
  const refuse = (fault: string): never => {
    throw new SluiceError(
      "signature_framing",
      `${what}, line ${at + 1}, ${fault}: the upstream was altered, or a proxy answered for it.`,
    );
  };
  while (at < lines.length && lines[at] === "") at++;
  if (at === lines.length)
    throw new SluiceError("signature_missing", `${what} is empty, so it carries no signature.`);
  if (lines[at] !== BEGIN_MESSAGE) {
    const start = (lines[at] ?? "").slice(0, 40);
    refuse(`begins with '${start}', which is not the beginning of a clear-signed message`);
  }
  for (at++; lines[at] !== ""; at++) {
    const line = lines[at];
    if (line === undefined) return refuse("is cut off within the headers");
    const names = /^Hash: *(.+)$/.exec(line)?.[1]?.split(",");
    if (names === undefined)
      return refuse(`is a header that is not allowed there, since nobody signs it ('${line.slice(0, 40)}')`);
    if (!names.every((name) => HASHES.has(name.trim()))) refuse("names a hash that is not known");
  }
  const signed: string[] = [];
  for (at++; lines[at] !== BEGIN_SIGNATURE; at++) {
    const line = lines[at];
    if (line === undefined) return refuse("ends before the signature");
    if (line.startsWith("- ")) signed.push(line.slice(2));
    else if (line.startsWith("-")) refuse("begins with a dash that is not escaped");
    else signed.push(line);
  }
  const armor = at;
  for (at++; lines[at] !== END_SIGNATURE; at++) {
    if (lines[at] === undefined) refuse("ends within the signature");
    if (lines[at]?.startsWith("-") === true) refuse("begins another block within the signature");
  }
  const end = at;
  for (at++; at < lines.length; at++)
    if (lines[at] !== "") refuse("stands after the signature, so nobody has signed it");
  return {
    canonical: Buffer.from(signed.join("\r\n"), "latin1"),
    text: Buffer.from(signed.join("\n"), "latin1").toString("utf8"),
    armor: `${lines.slice(armor, end + 1).join("\n")}\n`,
  };
}

/**
 * True where two texts are the same to a clear-signature: trailing spaces, tabs and carriage returns of lines
 * and final line ends do not count (a Release file and the text of its InRelease).
 */
export function sameText(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return normalized(a) === normalized(b);
}

function normalized(text: string | Uint8Array): string {
  // Decoded as verifyCleartext decodes it.
  const lines = (typeof text === "string" ? text : asBuffer(text).toString("utf8")).split("\n").map(trimEnd);
  let end = lines.length;
  while (end > 0 && lines[end - 1] === "") end--;
  return lines.slice(0, end).join("\n");
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
