import { hash } from "node:crypto";

/** Lower-case hex digests of one file, by algorithm. */
export type DigestAlgorithm = "md5" | "sha1" | "sha256" | "sha384" | "sha512";
export type Digests = { readonly [algorithm in DigestAlgorithm]?: string };

/** Those that may vouch for a byte, strongest first. */
export const STRONG_DIGESTS = ["sha512", "sha384", "sha256"] as const satisfies readonly DigestAlgorithm[];

const HEX_LENGTH = { md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128 } as const;

export function isDigest(algorithm: DigestAlgorithm, hex: string): boolean {
  return hex.length === HEX_LENGTH[algorithm] && /^[0-9a-f]+$/.test(hex);
}

/** The strongest digest that may vouch for the file, or undefined where only weak ones are listed. */
export function strongest(digests: Digests): { algorithm: DigestAlgorithm; hex: string } | undefined {
  for (const algorithm of STRONG_DIGESTS) {
    const hex = digests[algorithm];
    if (hex !== undefined) return { algorithm, hex };
  }
  return undefined;
}

export function sha256(bytes: Uint8Array | string): string {
  return hash("sha256", bytes, "hex");
}
