import { pathFault } from "../../../src/base/path.ts";
import { readImages } from "../../../src/ecosystems/apt/installer.ts";
import { SUMS } from "../apt-words.ts";
import { must, pieces } from "../kit.ts";
import type { Target } from "../target.ts";

/** SHA256SUMS of installer images. */
export async function open(): Promise<Target> {
  const folder = "dists/x/main/installer-amd64/current/images";
  return {
    seeds: [`${SUMS}  ./netboot/mini.iso\n${SUMS} *cdrom/vmlinuz\n`],
    words: [SUMS, "  ", " *", "./", "../", "/", "\n", "netboot/mini.iso", "%2f"],
    async run(input) {
      for (const { path, from } of await readImages(pieces(input), folder, "SHA256SUMS")) {
        must(pathFault(path) === undefined && path.startsWith(`${folder}/`), "it lies beside its list");
        must(decodeURIComponent(from) === path, "what is asked for is what it is called");
      }
    },
  };
}
