import type { Trust, Verification, Weakness } from "./contract.ts";

export { sameText } from "./cleartext.ts";

export interface CertificateInfo {
  /** Fingerprint of the primary key, upper-case hex. */
  readonly fingerprint: string;
  /** Fingerprints of the subkeys that may sign. */
  readonly subkeys: readonly string[];
  readonly userId: string;
  /** When the primary key expires, in milliseconds. */
  readonly expires?: number;
  /** What is weak in the keys themselves, whether it is allowed or not. */
  readonly weak: readonly Weakness[];
}

/**
 * The keys that a mirror is trusted by. A signature is good where a key that may vouch made it, before the
 * key expired, and with no weakness that is not allowed. Nothing is compared with the present time: when keys
 * expire and since when they count as revoked is reported, for `admit` to judge. `what` names the file in
 * errors, as in "dists/bookworm/InRelease of http://deb.example.org/debian".
 */
export interface Keyring {
  /**
   * The text of a clear-signed file: LF as line end, no blanks at line ends, no final newline, dash-escapes
   * undone. Throws `signature_framing`, `signature_missing`, `signature_bad`, `signature_untrusted`,
   * `key_expired`, `key_weak`.
   */
  verifyCleartext(bytes: Uint8Array, what: string): Promise<{ text: string; verification: Verification }>;
  /**
   * A detached signature, binary or armoured, over the bytes as they are. Throws as verifyCleartext does;
   * `what` names the data.
   */
  verifyDetached(data: Uint8Array, signature: Uint8Array, what: string): Promise<Verification>;
  certificates(): CertificateInfo[];
  /** One armoured block with the certificates, reduced to what verifying needs, for a client's Signed-By. */
  armor(): string;
  /** The same with a block for each certificate, for programs that read only the first of a block. */
  armors(): string[];
}

/**
 * Reads the key files of a mirror: certificates that stand in several of them are merged. Throws
 * `keyring_unreadable` and `keyring_empty`.
 */
export async function openKeyring(trust: Extract<Trust, { kind: "keys" }>): Promise<Keyring> {
  const { readKeyring } = await import("./keyring.ts");
  return readKeyring(trust);
}

/** When the newest signature of a detached signature file was made, in ms, proven or not; undefined where none can be read. */
export async function signedAt(signature: Uint8Array, what: string): Promise<number | undefined> {
  const { newestSignature } = await import("./signature-file.ts");
  return newestSignature(signature, what);
}
