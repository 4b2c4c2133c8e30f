import { createHash } from "node:crypto";
import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { decompress } from "../../formats/compression.ts";
import type { WantedIndex } from "./forms.ts";

/**
 * The content of an index that came in one of its forms: the size of the plain form, which Release lists too, bounds what comes out, and its digest is held
 * against it. Throws `decompression`, `digest_mismatch`; `what` names the index.
 */
export async function* plainIndex(
  source: AsyncIterable<Uint8Array>,
  { name, plain }: WantedIndex,
  what: string,
): AsyncGenerator<Uint8Array> {
  const best = strongest(plain.digests);
  const hash = best && createHash(best.algorithm);
  for await (const chunk of decompress(source, { maxBytes: plain.size, what })) {
    hash?.update(chunk);
    yield chunk;
  }
  if (best !== undefined && hash?.digest("hex") !== best.hex) {
    throw new SluiceError(
      "digest_mismatch",
      `${what} holds something else than the '${name}' that Release vouches for.`,
    );
  }
}
