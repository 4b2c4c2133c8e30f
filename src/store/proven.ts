import { createHash } from "node:crypto";
import type { Digests } from "../base/digest.ts";
import { blobCorrupt, startTally, tallyOf } from "./checks.ts";
import type { BlobInfo, ReadStore } from "./contract.ts";

/** Up to here a blob is held in memory; what is larger is read twice. */
const WHOLE = 4 * 1024 * 1024;

/**
 * The bytes of a blob, hashed as a whole before the first of them is given; nothing is read before it is asked for. A large one is hashed a second time
 * while it is given, so that an end without an error means that these very bytes were proven. Throws `blob_missing`, `blob_corrupt`, and `digest_mismatch`
 * where the blob is what its name says, but not what `digests` say.
 */
export async function* provenBlob(
  store: ReadStore,
  { sha256, size }: BlobInfo,
  digests: Digests = {},
): AsyncGenerator<Uint8Array> {
  if (size <= WHOLE) {
    const bytes = await store.readBlob(sha256);
    tallyOf(bytes, { digests });
    yield bytes;
    return;
  }
  for await (const _ of checked(await store.openBlob(sha256), sha256, digests)) continue;
  yield* checked(await store.openBlob(sha256), sha256, digests);
}

// Throws at the end where the whole was not what it should have been.
async function* checked(
  source: AsyncIterable<Uint8Array>,
  sha256: string,
  digests: Digests,
): AsyncGenerator<Uint8Array> {
  const { sha256: _name, ...others } = digests;
  const hash = createHash("sha256");
  const tally = Object.keys(others).length > 0 ? startTally({ digests: others }) : undefined;
  for await (const chunk of source) {
    hash.update(chunk);
    tally?.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== sha256) throw blobCorrupt(sha256);
  tally?.finish();
}
