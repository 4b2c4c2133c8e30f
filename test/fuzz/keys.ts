import { createPrivateKey, createPublicKey } from "node:crypto";
import { enums, readPrivateKey } from "openpgp";
import type { PrivateKey } from "openpgp";
import { BIRTH, signData } from "../../src/trust/test-keys.ts";

const ED25519_OID = Buffer.from("092b06010401da470f01", "hex");
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key for tests that is the same in every run: Ed25519 (version 4), made of one byte. */
export async function fixedKey(byte: number, userId = "Fuzz <fuzz@example.org>"): Promise<PrivateKey> {
  const seed = Buffer.alloc(32, byte);
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const point = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32);
  const time = Buffer.alloc(4);
  time.writeUInt32BE(BIRTH / 1000);
  const number = mpi(seed);
  const checksum = number.reduce((sum, one) => (sum + one) & 0xffff, 0);
  const body = Buffer.concat([
    Buffer.from([4]),
    time,
    Buffer.from([enums.publicKey.eddsaLegacy]),
    ED25519_OID,
    mpi(Buffer.concat([Buffer.from([0x40]), point])),
    Buffer.from([0]),
    number,
    Buffer.from([checksum >> 8, checksum & 0xff]),
  ]);
  const bare = Buffer.concat([packet(5, body), packet(13, Buffer.from(userId))]);
  const key = await readPrivateKey({ binaryKey: bare });
  const [user] = key.users;
  if (user === undefined) throw new Error("a key always has its user");
  const data = { key: key.keyPacket, userID: user.userID };
  const wish = { type: enums.signature.certGeneric, date: BIRTH };
  const flags = { keyFlags: new Uint8Array([enums.keyFlags.certifyKeys | enums.keyFlags.signData]) };
  const made = signData(key.keyPacket as Parameters<typeof signData>[0], data, wish, flags);
  user.selfCertifications.push(await made);
  return key;
}

function packet(tag: number, body: Buffer): Buffer {
  if (body.length > 191) throw new Error("longer than a length of one byte can say");
  return Buffer.concat([Buffer.from([0xc0 | tag, body.length]), body]);
}

/** A number as OpenPGP writes it: bits, then bytes (RFC 9580 section 3.2). */
function mpi(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const plain = bytes.subarray(first);
  const bits = plain.length * 8 - Math.clz32(plain[0] ?? 0) + 24;
  return Buffer.concat([Buffer.from([bits >> 8, bits & 0xff]), plain]);
}
