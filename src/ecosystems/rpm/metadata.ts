import { createHash } from "node:crypto";
import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { encodePath } from "../../base/path.ts";
import { decompress } from "../../formats/compression.ts";
import { Moved, type Entry, type Upstream } from "../../upstream/contract.ts";
import { inFolder } from "./options.ts";
import type { RepoData } from "./repomd.ts";
import type { Repository } from "./repositories.ts";

/** What a file of repodata may have where repomd.xml says no size, and what may come out of it. */
const MAX_FILE = 1024 ** 3;
const MAX_OPEN = 8 * 1024 ** 3;

/** The entry of a file of repodata, of whatever kind. */
export function dataEntry({ place }: Repository, { href, digests, size }: RepoData): Entry {
  const path = inFolder(place.folder, href);
  const bound = size === undefined ? { maxSize: MAX_FILE } : { size };
  return { path, from: encodePath(path), kind: "metadata", digests, ...bound };
}

/** The one file of this type. Throws `metadata_invalid` where there are two, `not_offered` where there is none. */
export function dataOf({ repomd, roots }: Repository, type: string): RepoData {
  const [first, second] = repomd.data.filter((data) => data.type === type);
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) {
    throw new SluiceError(
      "metadata_invalid",
      `${roots.repomd.path} lists more than one file '${type}': report it to the vendor.`,
    );
  }
  throw new SluiceError(
    "not_offered",
    `${roots.repomd.path} lists no '${type}', the list of packages as XML: it is of another kind of repository.`,
  );
}

/** The content of a file of repodata, its plain form held to its own digest and size where those are listed. */
export async function contentOf(
  upstream: Upstream,
  repository: Repository,
  data: RepoData,
): Promise<AsyncIterable<Uint8Array>> {
  const entry = dataEntry(repository, data);
  const body = await upstream.get(entry);
  if (body === undefined) {
    throw new Moved(
      new SluiceError(
        "file_missing",
        `${entry.path} is listed in repomd.xml, but the upstream does not have it: try again later, or another upstream.`,
      ),
    );
  }
  return plain(body, data, entry.path);
}

async function* plain(
  source: AsyncIterable<Uint8Array>,
  { open }: RepoData,
  what: string,
): AsyncGenerator<Uint8Array> {
  const best = open.digests && strongest(open.digests);
  const hash = best && createHash(best.algorithm);
  for await (const chunk of decompress(source, { maxBytes: open.size ?? MAX_OPEN, what })) {
    hash?.update(chunk);
    yield chunk;
  }
  if (best !== undefined && hash?.digest("hex") !== best.hex) {
    throw new SluiceError(
      "digest_mismatch",
      `${what} holds something else than repomd.xml says of its content (open-checksum): report it to the vendor.`,
    );
  }
}
