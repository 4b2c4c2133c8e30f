import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { DigestAlgorithm } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { BlobInfo, Expectation } from "./contract.ts";

/** Hashes a file while its bytes pass, with SHA-256 and every algorithm that is expected. */
export interface Tally {
  readonly size: number;
  /** Throws `too_large` past the expected size; such bytes are not counted. */
  update(bytes: Uint8Array): void;
  /** Holds the whole against what was expected; throws `digest_mismatch`. To be called once. */
  finish(): BlobInfo;
}

export function startTally(expect: Expectation): Tally {
  const limit = expect.size ?? expect.maxSize ?? Infinity;
  const hashes = new Map<DigestAlgorithm, Hash>([["sha256", createHash("sha256")]]);
  for (const algorithm of Object.keys(expect.digests) as DigestAlgorithm[])
    if (expect.digests[algorithm] !== undefined && !hashes.has(algorithm))
      hashes.set(algorithm, createHash(algorithm));
  let size = 0;
  return {
    get size() {
      return size;
    },
    update(bytes) {
      if (size + bytes.length > limit) throw tooLarge(expect, limit);
      size += bytes.length;
      for (const hash of hashes.values()) hash.update(bytes);
    },
    finish() {
      if (expect.size !== undefined && size !== expect.size)
        throw new SluiceError(
          "digest_mismatch",
          `${named(expect)} has ${size} bytes, but ${expect.size} were expected: refused.`,
        );
      const found = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest("hex")]));
      for (const [algorithm, hex] of found) {
        const wanted = expect.digests[algorithm];
        if (wanted !== undefined && wanted !== hex)
          throw new SluiceError(
            "digest_mismatch",
            `A file of ${size} bytes has ${algorithm} ${hex}, but ${wanted} was expected: refused.`,
          );
      }
      return { sha256: found.get("sha256") ?? "", size };
    },
  };
}

function tooLarge(expect: Expectation, limit: number): SluiceError {
  return new SluiceError("too_large", `${named(expect)} is larger than the ${limit} bytes allowed: refused.`);
}

function named(expect: Expectation): string {
  const [first] = Object.entries(expect.digests);
  return first === undefined ? "A file" : `The file with ${first[0]} ${first[1]}`;
}

export function blobMissing(sha256: string): SluiceError {
  return new SluiceError(
    "blob_missing",
    `Blob ${sha256} is not in the store: run 'sluice sync', it repairs what upstream still has.`,
  );
}

/** Holds a whole blob against its name and a bound; throws `too_large` or `blob_corrupt`. */
export function checkBlob(sha256: string, bytes: Buffer): Buffer {
  if (createHash("sha256").update(bytes).digest("hex") === sha256) return bytes;
  throw blobCorrupt(sha256);
}

export function blobCorrupt(sha256: string): SluiceError {
  return new SluiceError(
    "blob_corrupt",
    `Blob ${sha256} has changed in the store: run 'sluice sync', it repairs what upstream still has.`,
  );
}

export function checkBlobSize(sha256: string, size: number, maxSize: number | undefined): void {
  if (maxSize === undefined || size <= maxSize) return;
  throw new SluiceError(
    "too_large",
    `Blob ${sha256} has ${size} bytes, more than the ${maxSize} allowed here: refused.`,
  );
}
