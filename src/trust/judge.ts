import { type SignaturePacket, createMessage, enums } from "openpgp";
import { type ErrorCode, SluiceError, sanitize } from "../base/errors.ts";
import type { Signer, Verification, Weakness } from "./contract.ts";
import { type CertificateState, type KeyState, earliest } from "./key-state.ts";
import { createdAt, isSound } from "./packets.ts";
import { type Pin, isPinned } from "./pins.ts";
import { weaknessesOfDigest } from "./weakness.ts";

/** Who may vouch. */
export interface Judges {
  readonly certificates: readonly CertificateState[];
  readonly pins: readonly Pin[];
  readonly allowWeak: readonly Weakness[];
}

interface Refusal {
  readonly code: ErrorCode;
  readonly sentence: string;
}

// Of several refusals the first in this order is told.
const ORDER: readonly ErrorCode[] = ["signature_bad", "key_expired", "key_weak", "signature_untrusted"];

/**
 * Verifies the signatures over `data` and gives the good ones: any one of a key that may vouch is enough, as
 * for apt; bad ones beside it, and those of unknown keys, do not count. Throws `signature_bad`,
 * `key_expired`, `key_weak` or `signature_untrusted` where none is good.
 */
export async function judgeSignatures(
  judges: Judges,
  data: Uint8Array,
  signatures: readonly SignaturePacket[],
  what: string,
): Promise<Verification> {
  const [literal] = (await createMessage({ binary: data })).packets;
  const signers = new Map<string, Signer>();
  const refusals: Refusal[] = [];
  for (const signature of signatures) {
    for (const [certificate, key] of candidates(judges, signature)) {
      const verdict = await judge(judges, { certificate, key, signature, literal, what });
      if ("code" in verdict) refusals.push(verdict);
      else {
        const made = verdict.subkey ?? verdict.fingerprint;
        const known = signers.get(made);
        if (known === undefined || known.signedAt < verdict.signedAt) signers.set(made, verdict);
      }
    }
  }
  if (signers.size > 0) return { signers: [...signers.values()] };
  const [refusal] = refusals.toSorted((a, b) => ORDER.indexOf(a.code) - ORDER.indexOf(b.code));
  if (refusal !== undefined) throw new SluiceError(refusal.code, `${what} ${refusal.sentence}`);
  throw untrusted(signatures, what);
}

interface Case {
  readonly certificate: CertificateState;
  readonly key: KeyState;
  readonly signature: SignaturePacket;
  readonly literal: object | undefined;
  readonly what: string;
}

async function judge(
  judges: Judges,
  { certificate, key, signature, literal }: Case,
): Promise<Signer | Refusal> {
  const { primary } = certificate;
  const userId = sanitize(certificate.userId);
  const name = `${key.fingerprint} (${userId})`;
  const signedAt = createdAt(signature);
  // Which of several keys with one ID is meant is known only now.
  if (literal === undefined || !(await isSound(signature, key.packet, literal)))
    return refuse("signature_bad", `does not match the signature of ${name}: it was altered or damaged.`);
  if (!key.canSign)
    return refuse("signature_untrusted", `is signed by ${name}, a key that is not allowed to sign data.`);
  if (signedAt < Math.max(key.packet.created.getTime(), primary.packet.created.getTime()))
    return refuse("signature_bad", `carries a signature that is older than its key ${name}: refused.`);
  if (key.expires !== undefined && signedAt >= key.expires)
    return refuse(
      "key_expired",
      `was signed on ${day(signedAt)} by ${name}, which had expired on ${day(key.expires)}: get the vendor's newer keyring.`,
    );
  const weak = [...new Set([...weaknessesOfDigest(signature), ...key.weak])];
  const denied = weak.filter((weakness) => !judges.allowWeak.includes(weakness));
  if (denied.length > 0)
    return refuse(
      "key_weak",
      `is signed by ${name} with weak cryptography (${denied.join(", ")}): allow it by name with allow-weak, if you must.`,
    );
  const ofSignature = signature.getExpirationTime();
  return {
    fingerprint: primary.fingerprint,
    ...(key === primary ? {} : { subkey: key.fingerprint }),
    userId,
    signedAt,
    ...present(
      "expires",
      earliest(key.expires, ofSignature instanceof Date ? ofSignature.getTime() : undefined),
    ),
    ...present("revoked", key.revoked),
    weak,
  };
}

/**
 * The keys that may have made the signature, by the ID or fingerprint that it names, among those that may
 * vouch.
 */
function candidates(judges: Judges, signature: SignaturePacket): [CertificateState, KeyState][] {
  const { signatureType: type } = signature;
  if (type !== enums.signature.binary && type !== enums.signature.text) return [];
  return judges.certificates.flatMap((certificate) =>
    [certificate.primary, ...certificate.subkeys]
      .filter((key) => signature.issuerKeyID.equals(key.packet.getKeyID()) && namesKey(signature, key))
      .filter((key) => isPinned(judges.pins, certificate.primary.fingerprint, key.fingerprint))
      .map((key): [CertificateState, KeyState] => [certificate, key]),
  );
}

function namesKey({ issuerFingerprint }: SignaturePacket, key: KeyState): boolean {
  return issuerFingerprint === null || hex(issuerFingerprint) === key.fingerprint;
}

function untrusted(signatures: readonly SignaturePacket[], what: string): SluiceError {
  if (signatures.length === 0)
    return new SluiceError(
      "signature_untrusted",
      `${what} carries no signature of a kind that is understood: check the upstream.`,
    );
  const names = new Set(
    signatures.map(({ issuerFingerprint, issuerKeyID }) =>
      issuerFingerprint === null ? issuerKeyID.toHex().toUpperCase() : hex(issuerFingerprint),
    ),
  );
  const shown = [...names].slice(0, 8).join(", ");
  return new SluiceError(
    "signature_untrusted",
    `${what} is signed by ${shown}, and no key of the mirror's trust is among them: check keyring and signed-by.`,
  );
}

function refuse(code: ErrorCode, sentence: string): Refusal {
  return { code, sentence };
}

function present<K extends string>(name: K, time: number | undefined): { [name in K]?: number } {
  return time === undefined ? {} : ({ [name]: time } as { [name in K]?: number });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
