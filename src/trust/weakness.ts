import { type AnyKeyPacket, type SignaturePacket, enums } from "openpgp";
import type { Weakness } from "./contract.ts";

// A key of "2048 bits" may have a modulus of 2047.
const STRONG_RSA = 2047;
const WEAK_RSA = 1023;

export function isRsa(algorithm: enums.publicKey): boolean {
  return algorithm === enums.publicKey.rsaEncryptSign || algorithm === enums.publicKey.rsaSign;
}

/** What is weak in a key: DSA, and RSA of less than 2048 bits. */
export function weaknessesOfKey(packet: AnyKeyPacket): Weakness[] {
  if (packet.algorithm === enums.publicKey.dsa) return ["dsa"];
  if (isRsa(packet.algorithm) && bitsOf(packet) < STRONG_RSA) return ["rsa1024"];
  return [];
}

/** RSA of less than 1024 bits, which anyone can break: no option allows it. */
export function isBreakable(packet: AnyKeyPacket): boolean {
  return isRsa(packet.algorithm) && bitsOf(packet) < WEAK_RSA;
}

/**
 * What is weak in the digest that a signature is made over. RIPEMD-160 goes with SHA-1, which is as short.
 */
export function weaknessesOfDigest(signature: SignaturePacket): Weakness[] {
  switch (signature.hashAlgorithm) {
    case enums.hash.md5:
      return ["md5"];
    case enums.hash.sha1:
    case enums.hash.ripemd:
      return ["sha1"];
    default:
      return [];
  }
}

function bitsOf(packet: AnyKeyPacket): number {
  return packet.getAlgorithmInfo().bits ?? 0;
}
