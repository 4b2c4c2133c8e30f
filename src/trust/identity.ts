import type { PrivateKey } from "openpgp";
import { SluiceError } from "../base/errors.ts";
import { isExactArmor } from "./exact-armor.ts";
import { type Keyring, openKeyring } from "./openpgp.ts";

export interface IdentityKeys {
  /** Armoured, without a passphrase: it belongs into a file that only its owner can read. */
  readonly privateKey: string;
  readonly publicKey: string;
  readonly fingerprint: string;
}

export interface Identity {
  /** Upper-case hex. */
  readonly fingerprint: string;
  /** Armoured. */
  readonly publicKey: string;
  /** An armoured detached signature over the bytes, dated now or as given (ms). */
  sign(bytes: Uint8Array, at?: number): Promise<string>;
}

export interface SiteKey {
  readonly fingerprint: string;
  /** True where the armoured detached signature over the bytes was made by this key, and is as it was written. */
  verify(bytes: Uint8Array, signature: string): Promise<boolean>;
}

/**
 * Makes a site's key: Ed25519 as version 4, which GnuPG 2.2 can verify; no expiry, since what it signed is
 * verified for years.
 */
export async function createIdentity(name: string, now: () => number = Date.now): Promise<IdentityKeys> {
  const { generateKey } = await import("openpgp");
  const { privateKey, publicKey } = await generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: [{ name }],
    subkeys: [],
    // A clock that differs by a little must not make the first signatures older than the key.
    date: new Date(now() - 1000),
    format: "object",
  });
  return {
    privateKey: privateKey.armor(),
    publicKey: publicKey.armor(),
    fingerprint: publicKey.getFingerprint().toUpperCase(),
  };
}

/**
 * Opens the site's private key; throws `keyring_unreadable`. `now` is the time that signatures are dated, in
 * milliseconds; one before the key's own (the clock was set back) counts as that, since no older signature is valid.
 */
export async function openIdentity(privateKey: string, now: () => number = Date.now): Promise<Identity> {
  const { createMessage, readPrivateKey, sign } = await import("openpgp");
  let key: PrivateKey;
  try {
    key = await readPrivateKey({ armoredKey: privateKey });
  } catch (error) {
    throw unreadable("cannot be read", error);
  }
  if (!key.isDecrypted()) throw unreadable("has a passphrase, which Sluice cannot ask for", undefined);
  return {
    fingerprint: key.getFingerprint().toUpperCase(),
    publicKey: key.toPublic().armor(),
    async sign(bytes, at = now()) {
      return sign({
        message: await createMessage({ binary: bytes }),
        signingKeys: key,
        detached: true,
        date: new Date(Math.max(at, key.getCreationTime().getTime())),
        // Ed25519 needs no salt; without it the same bytes at the same second give the same signature.
        config: { nonDeterministicSignaturesViaNotation: false },
      });
    },
  };
}

/** Opens a site's public key, armoured; throws `keyring_unreadable`. What it verifies does not depend on the clock. */
export async function openSiteKey(publicKey: string): Promise<SiteKey> {
  const keyring = await readSiteKey(publicKey);
  const [certificate, ...others] = keyring.certificates();
  if (certificate === undefined || others.length > 0)
    throw new SluiceError("keyring_unreadable", "A site's key file must hold exactly one key.");
  return {
    fingerprint: certificate.fingerprint,
    async verify(bytes, signature) {
      if (!isExactArmor(signature)) return false;
      try {
        const { signers } = await keyring.verifyDetached(bytes, Buffer.from(signature), "The record");
        return signers.some(({ revoked }) => revoked === undefined);
      } catch (error) {
        if (error instanceof SluiceError) return false;
        throw error;
      }
    },
  };
}

async function readSiteKey(publicKey: string): Promise<Keyring> {
  const file = { name: "of the site", bytes: Buffer.from(publicKey) };
  try {
    return await openKeyring({ kind: "keys", files: [file], pinned: [], allowWeak: [] });
  } catch (error) {
    // Its sentences are those for a vendor's keyring.
    throw new SluiceError(
      "keyring_unreadable",
      "A site's public key is damaged, or is none: get it again with 'sluice key export' on that site.",
      { cause: error },
    );
  }
}

function unreadable(fault: string, cause: unknown): SluiceError {
  return new SluiceError("keyring_unreadable", `The site's private key ${fault}: restore it from a backup.`, {
    cause,
  });
}
