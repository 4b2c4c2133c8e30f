// Makes keys and signatures for the tests, with every time and every fault that they want.
import {
  type AnySecretKeyPacket,
  type PrivateKey,
  SignaturePacket,
  armor,
  config,
  createMessage,
  enums,
  generateKey,
  revokeKey,
} from "openpgp";
import type { Trust } from "./contract.ts";
import { addKey, writePackets } from "./packets.ts";

export const DAY = 86_400_000;
/** When the keys of the tests are made, unless they say otherwise. */
export const BIRTH = Date.UTC(2024, 0, 1);

export interface KeyWish {
  readonly name?: string;
  readonly created?: number;
  readonly lifetimeDays?: number;
  readonly subkeys?: readonly { readonly lifetimeDays?: number }[];
  readonly rsaBits?: number;
}

/** An Ed25519 key (or an RSA key), with signing subkeys where they are wished. */
export async function makeKey(wish: KeyWish = {}): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    ...(wish.rsaBits === undefined
      ? { type: "ecc", curve: "ed25519Legacy" }
      : { type: "rsa", rsaBits: wish.rsaBits }),
    userIDs: [{ name: wish.name ?? "Test Archive", email: "archive@example.org" }],
    date: new Date(wish.created ?? BIRTH),
    keyExpirationTime: ((wish.lifetimeDays ?? 0) * DAY) / 1000,
    subkeys: (wish.subkeys ?? []).map(({ lifetimeDays = 0 }) => ({
      sign: true,
      keyExpirationTime: (lifetimeDays * DAY) / 1000,
    })),
    format: "object",
    config: { minRSABits: 512 },
  });
  return privateKey;
}

export async function revoke(
  key: PrivateKey,
  reason: enums.reasonForRevocation,
  date: number,
): Promise<PrivateKey> {
  const { privateKey } = await revokeKey({
    key,
    reasonForRevocation: { flag: reason },
    date: new Date(date),
    format: "object",
  });
  return privateKey;
}

export function fingerprint(key: { getFingerprint(): string } | undefined): string {
  return key?.getFingerprint().toUpperCase() ?? "";
}

/** The trust of a mirror in these keys, as one binary keyring. */
export function trustIn(
  keys: readonly PrivateKey[],
  rest: Partial<Extract<Trust, { kind: "keys" }>> = {},
): Extract<Trust, { kind: "keys" }> {
  const files = [{ name: "test.gpg", bytes: keyring(keys) }];
  return { kind: "keys", files, pinned: [], allowWeak: [], ...rest };
}

export function keyring(keys: readonly PrivateKey[]): Buffer {
  return Buffer.concat(keys.map((key) => key.toPublic().write()));
}

export interface SignatureWish {
  readonly date?: number;
  readonly hash?: enums.hash;
  readonly type?: enums.signature;
  readonly lifetimeDays?: number;
}

/** A signature by a key packet, whatever the key is allowed to do. */
export async function signBytes(
  { keyPacket }: { keyPacket: unknown },
  bytes: Uint8Array,
  wish: SignatureWish = {},
): Promise<SignaturePacket> {
  const [literal] = (await createMessage({ binary: bytes })).packets;
  return signData(keyPacket as AnySecretKeyPacket, literal, { type: enums.signature.binary, ...wish });
}

/** A signature over anything, by a secret key packet. */
export async function signData(
  key: AnySecretKeyPacket,
  data: unknown,
  wish: SignatureWish,
  more: Partial<SignaturePacket> = {},
): Promise<SignaturePacket> {
  const signature = new SignaturePacket();
  signature.signatureType = wish.type ?? null;
  signature.hashAlgorithm = wish.hash ?? enums.hash.sha256;
  signature.publicKeyAlgorithm = key.algorithm;
  if (wish.lifetimeDays !== undefined) {
    signature.signatureNeverExpires = false;
    signature.signatureExpirationTime = (wish.lifetimeDays * DAY) / 1000;
  }
  Object.assign(signature, more);
  const sign = signature.sign.bind(signature) as (...parameters: unknown[]) => Promise<void>;
  const plain = { ...config, nonDeterministicSignaturesViaNotation: false };
  await sign(key, data, new Date(wish.date ?? BIRTH + DAY), true, plain);
  return signature;
}

export function armorSignatures(signatures: readonly SignaturePacket[]): string {
  return armor(enums.armor.signature, writePackets(signatures), undefined, undefined, undefined, true);
}

/** A clear-signed file by these keys. */
export async function clearsign(
  text: string,
  keys: readonly { keyPacket: unknown }[],
  wish: SignatureWish = {},
): Promise<string> {
  const lines = text.replace(/\n$/, "").split("\n");
  const canonical = Buffer.from(lines.map((line) => line.trimEnd()).join("\r\n"));
  const signatures = [];
  for (const key of keys)
    signatures.push(await signBytes(key, canonical, { type: enums.signature.text, ...wish }));
  return frame(text, signatures);
}

export function frame(text: string, signatures: readonly SignaturePacket[]): string {
  const escaped = text.replace(/\n$/, "").replaceAll(/^-/gm, "- -");
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${escaped}\n${armorSignatures(signatures)}`;
}

/** The packets of a key, to be changed and written again. */
export function takeApart(
  key: PrivateKey,
): Parameters<typeof addKey>[0] extends Map<string, infer C> ? C : never {
  const certificates: Parameters<typeof addKey>[0] = new Map();
  addKey(certificates, key.toPublic());
  const [certificate] = certificates.values();
  if (certificate === undefined) throw new Error("a key always makes a certificate");
  return certificate;
}
