import { isDigest } from "../../../src/base/digest.ts";
import { pathFault } from "../../../src/base/path.ts";
import { readPackages } from "../../../src/ecosystems/apt/packages.ts";
import { hostList } from "../../../src/upstream/http/hosts.ts";
import { parseBase, resolveFrom } from "../../../src/upstream/http/location.ts";
import { PACKAGE_WORDS, PACKAGES } from "../apt-words.ts";
import { must, pieces } from "../kit.ts";
import type { Target } from "../target.ts";

/** Packages indices: each file can be asked for, and lies where its path says. */
export async function open(): Promise<Target> {
  const { base } = parseBase("http://deb.example.org/debian/");
  const hosts = hostList([]);
  // What was taken can be asked for: a refusal comes too late there.
  const resolved = (from: string): URL => {
    try {
      return resolveFrom(base, from, hosts);
    } catch (cause) {
      throw new Error(`does not hold: what is taken can be asked for ('${from}')`, { cause });
    }
  };
  return {
    seeds: [PACKAGES],
    words: PACKAGE_WORDS,
    async run(input) {
      for await (const batch of readPackages(pieces(input), "Packages"))
        for (const { path, from, size, digests, version, arch } of batch) {
          must(
            pathFault(path) === undefined && Number.isSafeInteger(size) && size > 0,
            "path and size are plain",
          );
          must(
            Object.entries(digests).every(([name, hex]) => isDigest(name as "sha256", hex)),
            "digests are digests",
          );
          must(!/[\s,"'`$\\]/.test(version + arch), "words for the set-up of clients are plain");
          const url = resolved(from);
          must(url.origin === base.origin && url.search === "", "it is asked of the upstream");
          must(
            decodeURIComponent(url.pathname).replaceAll(/\/{2,}/g, "/") === `/debian/${path}`,
            "what is asked for is what it is called",
          );
        }
    },
  };
}
