import { SluiceError } from "../../base/errors.ts";
import { BadRpm, type RpmHead, type RpmHeader } from "../../formats/rpm.ts";
import type { Signer } from "../../trust/contract.ts";
import type { Keyring } from "../../trust/openpgp.ts";

// Over the header: DSAHEADER, RSAHEADER, and OPENPGP of rpm 6. Over header and payload: PGP and GPG, all that very old packages have.
const OVER_HEADER = [267, 268] as const;
const OPENPGP = 278;
const OVER_ALL = [1002, 1005] as const;
/** Of a package whose payload must be held in memory to be proven. */
const MAX_PAYLOAD = 512 * 1024 ** 2;

/** The signatures over the header alone, one after the other; empty where there is none. */
export function headerSignatures({ signature }: RpmHead): Buffer {
  const texts = signature.get(OPENPGP)?.texts ?? [];
  return Buffer.concat([
    ...bytesOf(signature, OVER_HEADER),
    ...texts.map((text) => Buffer.from(text, "base64")),
  ]);
}

/** The signatures over header and payload together. */
export function fullSignatures({ signature }: RpmHead): Buffer {
  return Buffer.concat(bytesOf(signature, OVER_ALL));
}

function bytesOf(header: RpmHeader, tags: readonly number[]): Uint8Array[] {
  return tags.map((tag) => header.get(tag)?.bytes).filter((bytes) => bytes !== undefined);
}

/** Header and payload as one. Throws BadRpm where that is too much. */
export async function wholeOf(head: RpmHead): Promise<Buffer> {
  const chunks: Buffer[] = [head.header.raw];
  let size = 0;
  for await (const chunk of head.payload()) {
    size += chunk.length;
    if (size > MAX_PAYLOAD)
      throw new BadRpm("only its header and payload together are signed, and it is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Throws `signature_*`, `key_*` where no key of the keyring made one of them in its time. */
export async function prove(
  keyring: Keyring,
  data: Uint8Array,
  signatures: Buffer,
  what: string,
): Promise<void> {
  const { signers } = await keyring.verifyDetached(data, signatures, what);
  const [first] = signers;
  if (signers.some(isInTime) || first === undefined) return;
  throw new SluiceError(
    "key_revoked",
    `The key ${first.fingerprint} (${first.userId}) that signed ${what} has been revoked: get the vendor's newer packages.`,
  );
}

// What was signed before a key was given up is as good as it was; where it was stolen, nothing is.
function isInTime({ revoked, signedAt }: Signer): boolean {
  return revoked === undefined || (revoked !== 0 && signedAt < revoked);
}
