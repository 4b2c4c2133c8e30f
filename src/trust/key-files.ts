import { type Key, readKeys } from "openpgp";
import { SluiceError } from "../base/errors.ts";
import { armoredBlocks, trimmedLines } from "./armor-lines.ts";
import { lenient } from "./packets.ts";

export interface KeyFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The keys of one file: binary (RFC 9580 section 10), or any number of armoured blocks with any text around
 * them. Throws `keyring_unreadable` for anything else, for a GnuPG keybox, and for private keys, which must
 * not end up in a snapshot's record.
 */
export async function readKeyFile(file: KeyFile): Promise<Key[]> {
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  if (bytes.toString("latin1", 8, 12) === "KBXf")
    throw unreadable(file, "is a GnuPG keybox: export its keys with `gpg --export` into a file of their own");
  if (bytes.length === 0) throw unreadable(file, "is empty");
  // Every binary key begins with a byte of 128 or more, text with a smaller one, or with a byte order mark.
  const isText = (bytes[0] ?? 0) < 0x80 || bytes.toString("hex", 0, 3) === "efbbbf";
  const keys = isText ? await readArmored(file, bytes) : await readBinary(file, bytes);
  if (keys.some((key) => key.isPrivate())) throw hasPrivate(file);
  return keys;
}

async function readArmored(file: KeyFile, bytes: Buffer): Promise<Key[]> {
  const lines = trimmedLines(bytes.toString("hex", 0, 3) === "efbbbf" ? bytes.subarray(3) : bytes);
  if (lines.includes("-----BEGIN PGP PRIVATE KEY BLOCK-----")) throw hasPrivate(file);
  const { blocks } = armoredBlocks(lines, "PGP PUBLIC KEY BLOCK");
  if (blocks.length === 0)
    throw unreadable(
      file,
      "holds no OpenPGP public key: give a binary or armoured keyring, as the vendor does",
    );
  const keys = [];
  for (const armoredKeys of blocks)
    keys.push(...(await guarded(file, readKeys({ armoredKeys, config: lenient }))));
  return keys;
}

async function readBinary(file: KeyFile, binaryKeys: Buffer): Promise<Key[]> {
  return guarded(file, readKeys({ binaryKeys, config: lenient }));
}

async function guarded(file: KeyFile, reading: Promise<Key[]>): Promise<Key[]> {
  try {
    return await reading;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unreadable(file, `cannot be read as OpenPGP keys (${reason}): get it from the vendor again`, error);
  }
}

function hasPrivate(file: KeyFile): SluiceError {
  return unreadable(file, "holds a private key: give only the public ones (`gpg --export`)");
}

function unreadable(file: KeyFile, fault: string, cause?: unknown): SluiceError {
  return new SluiceError("keyring_unreadable", `The keyring ${file.name} ${fault}.`, { cause });
}
