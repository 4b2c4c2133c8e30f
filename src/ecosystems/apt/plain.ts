import { createHash } from "node:crypto";
import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { decompress } from "../../formats/compression.ts";
import type { Form, WantedIndex } from "./forms.ts";

// Text of this kind shrinks five- to tenfold; a file that grows more than this is no index.
const MAX_RATIO = 100;
const MIN_BOUND = 1024 * 1024;

/**
 * The content of an index that came in one of its forms. Where Release lists the plain form too, as apt wants, its size bounds what comes out, and its
 * digest is held against it. Throws `decompression`, `digest_mismatch`; `what` names the index.
 */
export async function* plainIndex(
  source: AsyncIterable<Uint8Array>,
  index: WantedIndex,
  form: Form,
  what: string,
): AsyncGenerator<Uint8Array> {
  const { plain } = index;
  const maxBytes = plain?.size ?? Math.max(MIN_BOUND, form.size * MAX_RATIO);
  const best = plain && strongest(plain.digests);
  const hash = best && createHash(best.algorithm);
  for await (const chunk of decompress(source, { maxBytes, what })) {
    hash?.update(chunk);
    yield chunk;
  }
  if (best !== undefined && hash?.digest("hex") !== best.hex) {
    throw new SluiceError(
      "digest_mismatch",
      `${what} holds something else than the '${index.name}' that Release vouches for.`,
    );
  }
}
