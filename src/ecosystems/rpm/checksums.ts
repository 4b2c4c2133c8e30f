import { isDigest, strongest, type DigestAlgorithm, type Digests } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";

// `sha` is what old createrepo called SHA-1.
const NAMES: Readonly<Record<string, DigestAlgorithm>> = {
  md5: "md5",
  sha: "sha1",
  sha1: "sha1",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
};

/** A `<checksum type="…">`. Throws `weak_digest` where it may not vouch for a byte, `metadata_invalid` where it is none; `what` names the file that it is of. */
export function readChecksum(type: string, text: string, what: string): Digests {
  const algorithm = NAMES[type.toLowerCase()];
  const hex = text.trim().toLowerCase();
  if (algorithm === undefined || !isDigest(algorithm, hex)) {
    throw new SluiceError(
      "metadata_invalid",
      `The checksum of ${what}, of the type '${type.slice(0, 40)}', cannot be read: report it to the vendor.`,
    );
  }
  const digests: Digests = { [algorithm]: hex };
  if (strongest(digests) === undefined) {
    throw new SluiceError(
      "weak_digest",
      `Only a digest by ${algorithm} vouches for ${what}: refused; ask the vendor for SHA-256 or stronger.`,
    );
  }
  return digests;
}

/** A size in bytes. Throws `metadata_invalid`. */
export function readSize(text: string, what: string): number {
  const size = /^\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : Number.NaN;
  if (Number.isSafeInteger(size)) return size;
  throw new SluiceError(
    "metadata_invalid",
    `The size of ${what} is '${text.slice(0, 40)}', which is no number of bytes: report it to the vendor.`,
  );
}
