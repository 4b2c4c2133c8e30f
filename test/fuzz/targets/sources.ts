import { isDigest } from "../../../src/base/digest.ts";
import { pathFault } from "../../../src/base/path.ts";
import { readSources } from "../../../src/ecosystems/apt/sources.ts";
import { PACKAGE_WORDS, SOURCES } from "../apt-words.ts";
import { must, pieces } from "../kit.ts";
import type { Target } from "../target.ts";

/** Sources indices. */
export async function open(): Promise<Target> {
  return {
    seeds: [SOURCES],
    words: PACKAGE_WORDS,
    async run(input) {
      for await (const batch of readSources(pieces(input), "Sources"))
        for (const { path, size, digests } of batch.flatMap(({ files }) => files)) {
          must(
            pathFault(path) === undefined && Number.isSafeInteger(size) && size >= 0,
            "path and size are plain",
          );
          must(
            Object.entries(digests).every(([name, hex]) => isDigest(name as "sha256", hex)),
            "digests are digests",
          );
          must(Object.keys(digests).length > 0, "something vouches for each file");
        }
    },
  };
}
