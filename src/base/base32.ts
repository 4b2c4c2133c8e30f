// Crockford's alphabet: no I, L, O or U, so that what is typed from a screen or paper is not mistaken.
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Five bits a letter, lower case, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET.charAt((held >> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET.charAt((held << (5 - bits)) & 31);
}

/** The bytes again, undefined where a letter is none; case does not count, and O, I and L are what they look like. */
export function fromBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const letter of lookalikes(text.toLowerCase())) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) bytes.push((held >> (bits - 8)) & 255);
    if (bits >= 8) bits -= 8;
    held &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
}

/** Letters that are typed for digits. */
export function lookalikes(text: string): string {
  return text.replaceAll("o", "0").replaceAll(/[il]/g, "1");
}
