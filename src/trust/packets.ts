import {
  type AnyKeyPacket,
  PacketList,
  type PartialConfig,
  type SignaturePacket,
  config,
  enums,
} from "openpgp";
import type { Key, UserIDPacket } from "openpgp";

/**
 * How key files and signatures are parsed: what cannot be understood is left out, and so vouches for nothing.
 */
export const lenient: PartialConfig = { ignoreMalformedPackets: true, ignoreUnsupportedPackets: true };

/** A certificate as its packets, of one file or of several merged; nothing of it has been checked. */
export interface Certificate {
  readonly fingerprint: string;
  readonly primary: AnyKeyPacket;
  readonly direct: SignaturePacket[];
  readonly revocations: SignaturePacket[];
  readonly users: Map<string, UserPackets>;
  readonly subkeys: Map<string, SubkeyPackets>;
}

export interface UserPackets {
  readonly packet: UserIDPacket;
  readonly certifications: SignaturePacket[];
  readonly revocations: SignaturePacket[];
}

export interface SubkeyPackets {
  readonly packet: AnyKeyPacket;
  readonly bindings: SignaturePacket[];
  readonly revocations: SignaturePacket[];
}

/** Adds what a key holds to the certificate of the same fingerprint, or to a new one. */
export function addKey(certificates: Map<string, Certificate>, key: Key): void {
  const fingerprint = fingerprintOf(key.keyPacket);
  const certificate: Certificate = certificates.get(fingerprint) ?? {
    fingerprint,
    primary: key.keyPacket,
    direct: [],
    revocations: [],
    users: new Map(),
    subkeys: new Map(),
  };
  certificates.set(fingerprint, certificate);
  // The library's types leave this one out.
  certificate.direct.push(...(key as Key & { directSignatures: SignaturePacket[] }).directSignatures);
  certificate.revocations.push(...key.revocationSignatures);
  for (const { userID: packet, selfCertifications, revocationSignatures } of key.users) {
    if (packet === null) continue;
    const user: UserPackets = certificate.users.get(packet.userID) ?? {
      packet,
      certifications: [],
      revocations: [],
    };
    certificate.users.set(packet.userID, user);
    user.certifications.push(...selfCertifications);
    user.revocations.push(...revocationSignatures);
  }
  for (const { keyPacket: packet, bindingSignatures, revocationSignatures } of key.subkeys) {
    const name = fingerprintOf(packet);
    const subkey: SubkeyPackets = certificate.subkeys.get(name) ?? { packet, bindings: [], revocations: [] };
    certificate.subkeys.set(name, subkey);
    subkey.bindings.push(...bindingSignatures);
    subkey.revocations.push(...revocationSignatures);
  }
}

/** Adds only the revocations of a key to a certificate that is there. */
export function addRevocations(certificates: ReadonlyMap<string, Certificate>, key: Key): void {
  const certificate = certificates.get(fingerprintOf(key.keyPacket));
  certificate?.revocations.push(...key.revocationSignatures);
  for (const subkey of key.subkeys)
    certificate?.subkeys
      .get(fingerprintOf(subkey.keyPacket))
      ?.revocations.push(...subkey.revocationSignatures);
}

/** Upper-case hex. */
export function fingerprintOf(packet: AnyKeyPacket): string {
  return packet.getFingerprint().toUpperCase();
}

/**
 * True where `key` made this signature over `data`: the mathematics alone. Times, the strength of algorithms
 * and what the key is allowed to do are judged elsewhere, since the library would judge them at the wrong
 * time.
 */
export async function isSound(signature: SignaturePacket, key: AnyKeyPacket, data: object): Promise<boolean> {
  if (signature.signatureType === null) return false;
  const everyAlgorithm = {
    ...config,
    rejectHashAlgorithms: new Set<enums.hash>(),
    rejectMessageHashAlgorithms: new Set<enums.hash>(),
  };
  try {
    // No date: the library takes null as "do not compare with any time", which its types do not say.
    const noDate = null as unknown as Date;
    await signature.verify(key, signature.signatureType, data, noDate, true, everyAlgorithm);
    return true;
  } catch {
    return false;
  }
}

export function createdAt(signature: SignaturePacket): number {
  return signature.created?.getTime() ?? 0;
}

export function writePackets(
  packets: readonly (AnyKeyPacket | UserIDPacket | SignaturePacket)[],
): Uint8Array {
  const list = new PacketList();
  list.push(...packets);
  return list.write();
}
