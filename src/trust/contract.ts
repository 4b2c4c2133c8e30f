/** A weakness that `allow-weak` can name. */
export const WEAKNESSES = ["sha1", "md5", "dsa", "rsa1024"] as const;
export type Weakness = (typeof WEAKNESSES)[number];

/** Whom a mirror is trusted by, as data: key files as read from disk, or from a snapshot's record. */
export type Trust =
  | {
      readonly kind: "keys";
      readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
      /** Certificates whose revocations count although they vouch for nothing (today's keyring, when an old snapshot is verified). */
      readonly revocations?: readonly { readonly name: string; readonly bytes: Uint8Array }[] | undefined;
      /** Fingerprints (upper-case hex) of primary keys or subkeys that alone may sign; empty: all of the files. */
      readonly pinned: readonly string[];
      readonly allowWeak: readonly Weakness[];
      /** The keys vouch for each package by itself; the metadata are taken as they are. */
      readonly scope?: "packages" | undefined;
    }
  | { readonly kind: "none" };

/** One good signature by a trusted key. Times in milliseconds since 1970. */
export interface Signer {
  /** Fingerprint of the primary key, upper-case hex. */
  readonly fingerprint: string;
  /** Fingerprint of the key that made the signature, where that is a subkey. */
  readonly subkey?: string | undefined;
  readonly userId: string;
  readonly signedAt: number;
  /** When primary or subkey expires, whichever is first. */
  readonly expires?: number | undefined;
  /** Since when the key counts as revoked (0: from the beginning, it was compromised). */
  readonly revoked?: number | undefined;
  /** Weaknesses this signature leans on, each allowed by name. */
  readonly weak: readonly Weakness[];
}

/** What verifying one signed message proved. Never empty of signers, unless trust is none. */
export interface Verification {
  readonly signers: readonly Signer[];
}
