import * as openpgp from "openpgp";
import type { Trust } from "../../src/trust/contract.ts";

export interface TestKey {
  readonly trust: Trust;
  /** The certificate, as it would stand in a keyring file. */
  readonly armored: string;
  clearSign(text: string): Promise<Buffer>;
  detachSign(bytes: string | Uint8Array): Promise<Buffer>;
}

/** A throwaway signing key, made in this process. RSA takes a second, and is known to programs that know no other. */
export async function makeKey(name = "Test Archive", kind: "ed25519" | "rsa" = "ed25519"): Promise<TestKey> {
  const date = new Date("2026-01-01T00:00:00Z");
  const { privateKey } = await openpgp.generateKey({
    ...(kind === "rsa" ? { type: "rsa", rsaBits: 3072 } : { type: "ecc", curve: "ed25519Legacy" }),
    userIDs: [{ name }],
    format: "object",
    date,
  });
  const armored = privateKey.toPublic().armor();
  const signedAt = new Date("2026-11-01T00:00:00Z");
  return {
    armored,
    trust: {
      kind: "keys",
      files: [{ name: `${name}.asc`, bytes: Buffer.from(armored) }],
      pinned: [],
      allowWeak: [],
    },
    async clearSign(text) {
      const message = await openpgp.createCleartextMessage({ text });
      return Buffer.from(await openpgp.sign({ message, signingKeys: privateKey, date: signedAt }));
    },
    async detachSign(bytes) {
      const message = await openpgp.createMessage({ binary: Buffer.from(bytes) });
      const signed = await openpgp.sign({ message, signingKeys: privateKey, date: signedAt, detached: true });
      return Buffer.from(signed);
    },
  };
}
