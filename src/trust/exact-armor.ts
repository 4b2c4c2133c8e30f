const FORM =
  /^-----BEGIN PGP SIGNATURE-----\n\n((?:[A-Za-z0-9+/=]+\n)+)=([A-Za-z0-9+/]{4})\n-----END PGP SIGNATURE-----\n$/;

/**
 * True where an armoured signature is, to the last character, as this program writes it, with the right checksum. A signature is still valid
 * after some changes of its text, which would then be believed to be no changes.
 */
export function isExactArmor(text: string): boolean {
  const [, lines = "", checksum] = FORM.exec(text) ?? [];
  const base64 = lines.replaceAll("\n", "");
  const bytes = Buffer.from(base64, "base64");
  return bytes.length > 0 && bytes.toString("base64") === base64 && crc24(bytes) === checksum;
}

/** The bytes of an armoured signature as this program writes it. */
export function unarmour(text: string): Buffer {
  const [, lines = ""] = FORM.exec(text) ?? [];
  return Buffer.from(lines.replaceAll("\n", ""), "base64");
}

/** The armour around the bytes of a signature. */
export function armour(bytes: Buffer): string {
  const lines = bytes.toString("base64").replaceAll(/.{60}(?=.)/g, "$&\n");
  return `-----BEGIN PGP SIGNATURE-----\n\n${lines}\n=${crc24(bytes)}\n-----END PGP SIGNATURE-----\n`;
}

/** The checksum of RFC 9580, section 6.1.1, in base64. */
function crc24(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([crc >> 16, crc >> 8, crc]).toString("base64");
}
