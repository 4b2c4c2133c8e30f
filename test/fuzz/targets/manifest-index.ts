import { ManifestIndex } from "../../../src/serve/manifest-index.ts";
import { open as openManifest } from "./manifest.ts";
import type { Target } from "../target.ts";

/** A manifest that the server searches without having read it as a whole. */
export async function open(): Promise<Target> {
  return {
    ...(await openManifest()),
    async run(input) {
      const index = await ManifestIndex.build(input, "m@20260101T000000Z");
      for (const folder of ["", "pool", "dists/x", "a/b"]) {
        index.hasFolder(folder);
        for (const { name } of index.children(folder)) index.find(folder === "" ? name : `${folder}/${name}`);
      }
      index.find("pool/a+b.deb");
      await index.without(index);
    },
  };
}
