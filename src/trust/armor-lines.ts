/**
 * The lines of a file without blanks at their ends; one character a byte, so that text that is not UTF-8
 * stays what it is.
 */
export function trimmedLines(bytes: Uint8Array): string[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return file.toString("latin1").split("\n").map(trimEnd);
}

export interface Blocks {
  /** Each with its first and last line. */
  readonly blocks: readonly string[];
  /** True where anything but blank lines stands outside of them, or one does not end. */
  readonly hasMore: boolean;
}

/**
 * The armoured blocks of one kind ("PGP SIGNATURE"; RFC 9580 section 6.2). One pass: the file may be large
 * and hostile.
 */
export function armoredBlocks(lines: readonly string[], kind: string): Blocks {
  const blocks: string[] = [];
  let hasMore = false;
  let start = -1;
  for (const [index, line] of lines.entries()) {
    if (start >= 0) {
      if (line !== `-----END ${kind}-----`) continue;
      blocks.push(`${lines.slice(start, index + 1).join("\n")}\n`);
      start = -1;
    } else if (line === `-----BEGIN ${kind}-----`) start = index;
    else if (line !== "") hasMore = true;
  }
  return { blocks, hasMore: hasMore || start >= 0 };
}

/**
 * Without spaces, tabs and carriage returns at the end. A loop: a regular expression takes quadratic time on
 * long runs of blanks.
 */
export function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && isBlank(line.charCodeAt(end - 1))) end--;
  return end === line.length ? line : line.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13;
}

/** True for armoured public keys with nothing around them; what is in them is not looked at. */
export function isPublicKeyBlock(text: string): boolean {
  return /^-----BEGIN PGP PUBLIC KEY BLOCK-----\s[^]*\s-----END PGP PUBLIC KEY BLOCK-----$/.test(text.trim());
}
