import { type AnyKeyPacket, type SignaturePacket, type UserIDPacket, enums } from "openpgp";
import type { Weakness } from "./contract.ts";
import { type Certificate, type SubkeyPackets, createdAt, fingerprintOf, isSound } from "./packets.ts";
import { isBreakable, weaknessesOfKey } from "./weakness.ts";

/**
 * What the checked self-signatures say of one key. Times in milliseconds; all may lie before or after now.
 */
export interface KeyState {
  readonly packet: AnyKeyPacket;
  readonly fingerprint: string;
  readonly canSign: boolean;
  readonly expires: number | undefined;
  readonly revoked: number | undefined;
  readonly weak: readonly Weakness[];
  /** The packets that say so, in the order of a transferable key. */
  readonly packets: readonly (AnyKeyPacket | UserIDPacket | SignaturePacket)[];
}

export interface CertificateState {
  readonly primary: KeyState;
  readonly userId: string;
  readonly subkeys: readonly KeyState[];
}

/**
 * Checks a certificate's own signatures; undefined where none of a valid user ID or of the key itself holds.
 * As GnuPG does, the latest self-signature counts for all times: a vendor who extends a key also keeps the
 * older signatures valid. SHA-1 in self-signatures is accepted, since forging one takes a second preimage;
 * MD5 makes the key weak. Revocations by other keys are not supported.
 */
export async function evaluate(certificate: Certificate): Promise<CertificateState | undefined> {
  const key = certificate.primary;
  const direct = await latestSound(certificate.direct, key, enums.signature.key, { key });
  const users = await validUsers(certificate);
  const [first] = users.toSorted(byPreference);
  if (direct === undefined && first === undefined) return undefined;

  const latestUsers = users.toSorted((a, b) => createdAt(b.signature) - createdAt(a.signature));
  const flagged = latestUsers.find(({ signature }) => signature.keyFlags !== null);
  const expiring = latestUsers.find(({ signature }) => lifetimeEnd(key, signature) !== undefined);
  const flags = direct?.keyFlags ?? flagged?.signature.keyFlags;
  const expiry =
    direct !== undefined && lifetimeEnd(key, direct) !== undefined ? direct : expiring?.signature;
  const revocations = await soundOnes(certificate.revocations, key, enums.signature.keyRevocation, { key });
  const kept = new Set([first, flagged, expiring].filter((user) => user !== undefined));
  const inForce = [...(direct === undefined ? [] : [direct]), ...[...kept].map(({ signature }) => signature)];

  const primary: KeyState = {
    packet: key,
    fingerprint: certificate.fingerprint,
    canSign: allowsSigning(flags) && !isBreakable(key),
    expires: expiry === undefined ? undefined : lifetimeEnd(key, expiry),
    revoked: revokedSince(revocations),
    weak: [...weaknessesOfKey(key), ...md5Of(inForce)],
    packets: [
      key,
      ...revocations,
      ...(direct === undefined ? [] : [direct]),
      ...[...kept].flatMap(({ packet, signature }) => [packet, signature]),
    ],
  };
  const subkeys = await Promise.all(
    [...certificate.subkeys.values()].map((subkey) => evaluateSubkey(primary, subkey)),
  );
  return {
    primary,
    userId: first?.packet.userID ?? "(no user ID)",
    subkeys: subkeys.filter((subkey) => subkey !== undefined),
  };
}

/**
 * A subkey counts where the primary key has bound it; it may sign where it has signed the primary key in
 * return.
 */
async function evaluateSubkey(primary: KeyState, subkey: SubkeyPackets): Promise<KeyState | undefined> {
  const { packet } = subkey;
  const data = { key: primary.packet, bind: packet };
  const binding = await latestSound(subkey.bindings, primary.packet, enums.signature.subkeyBinding, data);
  if (binding === undefined) return undefined;
  const back = binding.embeddedSignature;
  const bound = back !== null && back.signatureType === enums.signature.keyBinding;
  const revocations = await soundOnes(
    subkey.revocations,
    primary.packet,
    enums.signature.subkeyRevocation,
    data,
  );
  return {
    packet,
    fingerprint: fingerprintOf(packet),
    canSign:
      bound &&
      allowsSigning(binding.keyFlags) &&
      !isBreakable(packet) &&
      !isBreakable(primary.packet) &&
      (await isSound(back, packet, data)),
    expires: earliest(primary.expires, lifetimeEnd(packet, binding)),
    revoked: earliest(primary.revoked, revokedSince(revocations)),
    weak: [...new Set([...primary.weak, ...weaknessesOfKey(packet), ...md5Of([binding])])],
    packets: [packet, ...revocations, binding],
  };
}

interface ValidUser {
  readonly packet: UserIDPacket;
  readonly signature: SignaturePacket;
}

async function validUsers({ primary: key, users }: Certificate): Promise<ValidUser[]> {
  const valid: ValidUser[] = [];
  for (const { packet, certifications, revocations } of users.values()) {
    const data = { key, userID: packet };
    const signature = await latestSound(certifications, key, undefined, data);
    if (signature === undefined) continue;
    const revocation = await latestSound(revocations, key, enums.signature.certRevocation, data);
    if (revocation === undefined || createdAt(revocation) < createdAt(signature))
      valid.push({ packet, signature });
  }
  return valid;
}

// The one marked as primary, then the latest.
function byPreference(a: ValidUser, b: ValidUser): number {
  const marked = Number(b.signature.isPrimaryUserID === true) - Number(a.signature.isPrimaryUserID === true);
  return marked === 0 ? createdAt(b.signature) - createdAt(a.signature) : marked;
}

async function soundOnes(
  signatures: readonly SignaturePacket[],
  key: AnyKeyPacket,
  type: enums.signature | undefined,
  data: object,
): Promise<SignaturePacket[]> {
  const sound = [];
  for (const signature of signatures)
    if ((type === undefined || signature.signatureType === type) && (await isSound(signature, key, data)))
      sound.push(signature);
  return sound;
}

async function latestSound(
  signatures: readonly SignaturePacket[],
  key: AnyKeyPacket,
  type: enums.signature | undefined,
  data: object,
): Promise<SignaturePacket | undefined> {
  const latestFirst = signatures.toSorted((a, b) => createdAt(b) - createdAt(a));
  for (const signature of latestFirst) {
    const [sound] = await soundOnes([signature], key, type, data);
    if (sound !== undefined) return sound;
  }
  return undefined;
}

/** When the key ends by this self-signature, or the self-signature itself. */
function lifetimeEnd(key: AnyKeyPacket, signature: SignaturePacket): number | undefined {
  const ofKey =
    signature.keyNeverExpires === false
      ? key.created.getTime() + (signature.keyExpirationTime ?? 0) * 1000
      : undefined;
  const ofSignature = signature.getExpirationTime();
  return earliest(ofKey, ofSignature instanceof Date ? ofSignature.getTime() : undefined);
}

/** Retired or replaced: from then on. Any other reason, or none given: from the beginning. */
function revokedSince(revocations: readonly SignaturePacket[]): number | undefined {
  const soft: (enums.reasonForRevocation | null)[] = [
    enums.reasonForRevocation.keyRetired,
    enums.reasonForRevocation.keySuperseded,
  ];
  return earliest(
    ...revocations.map((each) => (soft.includes(each.reasonForRevocationFlag) ? createdAt(each) : 0)),
  );
}

/** No flags at all leave everything allowed that the algorithm can do. */
function allowsSigning(flags: Uint8Array | null | undefined): boolean {
  return flags === null || flags === undefined || ((flags[0] ?? 0) & enums.keyFlags.signData) !== 0;
}

function md5Of(signatures: readonly SignaturePacket[]): Weakness[] {
  return signatures.some(({ hashAlgorithm }) => hashAlgorithm === enums.hash.md5) ? ["md5"] : [];
}

export function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
