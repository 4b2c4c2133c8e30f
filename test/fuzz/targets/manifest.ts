import { encodeManifest, parseManifest } from "../../../src/snapshot/manifest.ts";
import { diffFiles, diffPackages } from "../../../src/snapshot/diff.ts";
import { compareVersions } from "../../../src/ecosystems/apt/version.ts";
import { ManifestIndex } from "../../../src/serve/manifest-index.ts";
import { must } from "../kit.ts";
import { SUMS } from "../apt-words.ts";
import type { Target } from "../target.ts";

/** Manifests, as a whole and as the server searches them: bytes that are taken are the only ones for what they say. */
export async function open(): Promise<Target> {
  const entry = { sha256: SUMS, size: 5, kind: "package" as const, from: "pool/a%2Bb.deb" };
  const seed = encodeManifest([
    { ...entry, path: "dists/x/InRelease", kind: "root" },
    { ...entry, path: "dists/x/main/Packages.gz", kind: "metadata", evidence: "dists/x/InRelease" },
    { ...entry, path: "pool/a+b.deb", name: "a", version: "1:1.0-1", arch: "amd64" },
    { ...entry, path: 'pool/a"é/b.deb', name: "a", version: "2", arch: "all" },
  ]);
  const other = parseManifest(seed, "m@x");
  return {
    seeds: [seed, encodeManifest([])],
    json: "lines",
    words: [
      "path",
      "sha256",
      "size",
      "kind",
      "from",
      "name",
      "version",
      "arch",
      "evidence",
      "root",
      "metadata",
      "package",
      "pool/",
      "\\u0041",
      "\\/",
      '\\"',
      ":1.0",
      ":5.0",
      ":1e1",
      ":-0",
      '{"format":1}\n',
      "\n",
    ],
    async run(input) {
      const entries = parseManifest(input, "m@20260101T000000Z");
      must(encodeManifest(entries).equals(input), "bytes that are taken are the only ones for what they say");
      must(new Set(entries.map(({ path }) => path)).size === entries.length, "each path stands once");
      diffPackages(entries, other, compareVersions);
      diffFiles(other, entries);
      const index = await ManifestIndex.build(input, "m@20260101T000000Z");
      for (const { path, sha256 } of entries) {
        must(index.find(path)?.sha256 === sha256, "each is found");
        const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
        must(
          index.hasFolder(folder) && [...index.children(folder)].some(({ name }) => path.endsWith(name)),
          "and stands in its folder",
        );
      }
      must([...index.children("")].length <= entries.length, "no name comes from nowhere");
      await index.without(index);
    },
  };
}
