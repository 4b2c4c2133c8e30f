import { createHash, hash as hashOf } from "node:crypto";
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
  return new RunningTally(expect);
}

// A class: see WatchedBody.
class RunningTally implements Tally {
  size = 0;
  readonly #expect: Expectation;
  readonly #limit: number;
  readonly #hashes: ReadonlyMap<DigestAlgorithm, Hash>;

  constructor(expect: Expectation) {
    this.#expect = expect;
    this.#limit = expect.size ?? expect.maxSize ?? Infinity;
    const hashes = new Map<DigestAlgorithm, Hash>([["sha256", createHash("sha256")]]);
    for (const algorithm of Object.keys(expect.digests) as DigestAlgorithm[])
      if (expect.digests[algorithm] !== undefined && !hashes.has(algorithm))
        hashes.set(algorithm, createHash(algorithm));
    this.#hashes = hashes;
  }

  update(bytes: Uint8Array): void {
    if (this.size + bytes.length > this.#limit) throw tooLarge(this.#expect, this.#limit);
    this.size += bytes.length;
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  finish(): BlobInfo {
    return judge(this.#expect, this.size, (algorithm) => this.#hashes.get(algorithm)?.digest("hex") ?? "");
  }
}

/** The same for bytes at hand. Throws `digest_mismatch` or `too_large`. */
export function tallyOf(bytes: Uint8Array, expect: Expectation): BlobInfo {
  const limit = expect.size ?? expect.maxSize ?? Infinity;
  if (bytes.length > limit) throw tooLarge(expect, limit);
  return judge(expect, bytes.length, (algorithm) => hashOf(algorithm, bytes, "hex"));
}

function judge(
  expect: Expectation,
  size: number,
  digestOf: (algorithm: DigestAlgorithm) => string,
): BlobInfo {
  if (expect.size !== undefined && size !== expect.size)
    throw new SluiceError(
      "digest_mismatch",
      `${named(expect)} has ${size} bytes, but ${expect.size} were expected: refused.`,
    );
  const sha256 = digestOf("sha256");
  for (const algorithm of Object.keys(expect.digests) as DigestAlgorithm[]) {
    const wanted = expect.digests[algorithm];
    const found = algorithm === "sha256" ? sha256 : wanted === undefined ? undefined : digestOf(algorithm);
    if (wanted !== undefined && wanted !== found)
      throw new SluiceError(
        "digest_mismatch",
        `A file of ${size} bytes has ${algorithm} ${found}, but ${wanted} was expected: refused.`,
      );
  }
  // The text that the caller has: there are many, and they are kept.
  return { sha256: expect.digests.sha256 ?? sha256, size };
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
  if (hashOf("sha256", bytes, "hex") === sha256) return bytes;
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
