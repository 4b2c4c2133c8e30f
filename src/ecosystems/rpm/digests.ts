import { createHash } from "node:crypto";
import type { DigestAlgorithm } from "../../base/digest.ts";
import { BadRpm, type RpmHead } from "../../formats/rpm.ts";

const HEADER_SHA1 = 269;
const HEADER_SHA256 = 273;
const PAYLOAD_DIGEST = 5092;
const PAYLOAD_DIGEST_ALGORITHM = 5093;

// By OpenPGP's numbers (RFC 9580, 9.5), as far as they may vouch for a byte.
const STRONG: Readonly<Record<number, DigestAlgorithm>> = { 8: "sha256", 9: "sha384", 10: "sha512" };

/** Holds the header to the digests that the signature header has of it. Throws BadRpm. */
export function checkHeader({ signature, header }: RpmHead): void {
  for (const [tag, algorithm] of [
    [HEADER_SHA256, "sha256"],
    [HEADER_SHA1, "sha1"],
  ] as const) {
    const wanted = signature.get(tag)?.texts[0];
    if (wanted === undefined) continue;
    if (createHash(algorithm).update(header.raw).digest("hex") !== wanted.toLowerCase())
      throw new BadRpm(`its header does not have the ${algorithm} that the package says`);
  }
}

/** What the header says of the payload, as it stands in the file; undefined where that is nothing, or too weak to vouch for a byte. */
export function payloadDigest({ header }: RpmHead): { algorithm: DigestAlgorithm; hex: string } | undefined {
  const algorithm = STRONG[header.get(PAYLOAD_DIGEST_ALGORITHM)?.numbers[0] ?? 0];
  const hex = header.get(PAYLOAD_DIGEST)?.texts[0];
  return algorithm === undefined || hex === undefined ? undefined : { algorithm, hex: hex.toLowerCase() };
}

/** Reads the payload to its end and holds it to its digest. Throws BadRpm. */
export async function checkPayload(
  head: RpmHead,
  { algorithm, hex }: { algorithm: DigestAlgorithm; hex: string },
): Promise<void> {
  const hash = createHash(algorithm);
  for await (const chunk of head.payload()) hash.update(chunk);
  if (hash.digest("hex") !== hex)
    throw new BadRpm(`its payload does not have the ${algorithm} that its header says`);
}
