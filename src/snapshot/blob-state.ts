import { createHash } from "node:crypto";
import { SluiceError } from "../base/errors.ts";
import type { PruneStore, ReadStore } from "../store/contract.ts";

export type BlobState = "sound" | "blob_missing" | "blob_corrupt";

/** Lets so many bytes pass: resolves when they may be read. */
export type Pass = (bytes: number) => Promise<void>;

// A stream has buffers of its own, which for a small file are most of the work.
const SMALL = 1024 * 1024;

/**
 * Reads a blob whole and says whether it is what its name says, and of the expected size. Throws what is no fault of the blob,
 * such as a missing permission: nothing must be put away for that.
 */
export async function blobState(
  store: ReadStore,
  sha256: string,
  expected: number | undefined,
  pass: Pass = async () => undefined,
): Promise<BlobState> {
  try {
    if (expected !== undefined && expected <= SMALL) {
      await pass(expected);
      const { length } = await store.readBlob(sha256, expected);
      return length === expected ? "sound" : "blob_corrupt";
    }
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of (await store.openBlob(sha256)) as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      size += chunk.length;
      await pass(chunk.length);
    }
    return size === (expected ?? size) && hash.digest("hex") === sha256 ? "sound" : "blob_corrupt";
  } catch (error) {
    const state = stateOf(error);
    if (state === undefined) throw error;
    return state;
  }
}

// What the file system itself calls damage: it cannot read the file, or knows that it has changed.
const DAMAGE = ["EIO", "EUCLEAN", "EBADMSG", "EISDIR"];

function stateOf(error: unknown): BlobState | undefined {
  const code = (error as { code?: unknown }).code;
  if (error instanceof SluiceError) {
    if (error.code === "blob_missing") return "blob_missing";
    return error.code === "blob_corrupt" || error.code === "too_large" ? "blob_corrupt" : undefined;
  }
  return typeof code === "string" && DAMAGE.includes(code) ? "blob_corrupt" : undefined;
}

/**
 * Puts a blob that was found bad into quarantine, and notes a missing one there; false where it is sound by now, since another
 * process has repaired it.
 */
export async function putAway(store: PruneStore, sha256: string): Promise<boolean> {
  if ((await blobState(store, sha256, undefined)) === "sound") return false;
  await store.quarantine(sha256);
  return true;
}
