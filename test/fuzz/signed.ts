import { BIRTH, DAY, armorSignatures, clearsign, signBytes, trustIn } from "../../src/trust/test-keys.ts";
import type { Trust } from "../../src/trust/contract.ts";
import { RELEASE } from "./apt-words.ts";
import { fixedKey } from "./keys.ts";

export const SIGNED_WORDS = [
  "-----BEGIN PGP SIGNED MESSAGE-----\n",
  "-----BEGIN PGP SIGNATURE-----\n",
  "-----END PGP SIGNATURE-----\n",
  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
  "-----END PGP PUBLIC KEY BLOCK-----\n",
  "-----BEGIN PGP MESSAGE-----\n",
  "-----",
  "Hash: SHA256\n",
  "Hash: MD5, SHA512\n",
  "Hash:\n",
  "Comment: x\n",
  "NotDashEscaped: yes\n",
  "Version: 1\n",
  "- ",
  "- -----",
  "\n\n",
  "\r\n",
  " \n",
  "=AAAA\n",
  "====",
  "AAAA",
];

/** A Release and its signatures by a fixed key; the same in every run. */
export interface SignedFiles {
  readonly trust: Extract<Trust, { kind: "keys" }>;
  readonly release: string;
  readonly inRelease: string;
  readonly armored: string;
  readonly binary: Uint8Array;
}

export async function signedFiles(): Promise<SignedFiles> {
  const [key, stranger] = await Promise.all([fixedKey(1), fixedKey(2)]);
  const release = RELEASE.replaceAll(/ \S+ 60 .*\n/g, "");
  const wish = { date: BIRTH + DAY };
  const signatures = await Promise.all(
    [key, stranger].map((one) => signBytes(one, Buffer.from(release), wish)),
  );
  const [own] = signatures;
  if (own === undefined) throw new Error("two keys make two signatures");
  return {
    trust: trustIn([key]),
    release,
    inRelease: await clearsign(release, [key], wish),
    armored: armorSignatures(signatures),
    binary: Buffer.from(armorSignatures([own]).split("\n\n")[1]?.split("\n=")[0] ?? "", "base64"),
  };
}
