import { isDigest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { checkPath, encodePath } from "../../base/path.ts";
import type { Entry } from "../../upstream/contract.ts";

/** A DVD has less; SHA256SUMS says no sizes, so that this bounds what may come in. */
const MAX_IMAGE_BYTES = 16 * 1024 ** 3;

/** Debian's longest has 130 KB. */
const MAX_SUMS_BYTES = 16 * 1024 ** 2;

/**
 * The files that a SHA256SUMS (sha256sum(1)) of installer images vouches for; they lie beside it, in `folder`. Throws `metadata_invalid`, `path_refused`;
 * `what` names the file.
 */
export async function readImages(
  source: AsyncIterable<Uint8Array>,
  folder: string,
  what: string,
): Promise<Entry[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > MAX_SUMS_BYTES) throw invalid(what, `has more than ${MAX_SUMS_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      if (line.trim() === "") return [];
      // Two spaces, or a space and a star for what was read as binary.
      const [, hex = "", name = ""] = /^([0-9A-Fa-f]+) [ *](.+)$/.exec(line) ?? [];
      const sha256 = hex.toLowerCase();
      if (!isDigest("sha256", sha256))
        throw invalid(what, `has a line that is not SHA-256 and name: '${line.slice(0, 200)}'`);
      const path = `${folder}/${checkPath(name, what)}`;
      return [
        {
          path: checkPath(path, what),
          from: encodePath(path),
          kind: "metadata" as const,
          digests: { sha256 },
          maxSize: MAX_IMAGE_BYTES,
        },
      ];
    });
}

function invalid(what: string, fault: string): SluiceError {
  return new SluiceError("metadata_invalid", `${what} ${fault}.`);
}
