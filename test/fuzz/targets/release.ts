import { pathFault } from "../../../src/base/path.ts";
import { chooseFlatIndices } from "../../../src/ecosystems/apt/flat-choice.ts";
import { chooseIndices } from "../../../src/ecosystems/apt/index-choice.ts";
import { aptOptions } from "../../../src/ecosystems/apt/options.ts";
import { parseRelease } from "../../../src/ecosystems/apt/release.ts";
import { must, refusable } from "../kit.ts";
import { RELEASE, RELEASE_WORDS, SUMS } from "../apt-words.ts";
import type { Target } from "../target.ts";

/** Release files, and what a mirror chooses of them. */
export async function open(): Promise<Target> {
  const options = {
    ...aptOptions.parse({
      suites: ["stable"],
      architectures: ["amd64", "arm64"],
      sources: true,
      udebs: true,
      installer: true,
      icons: "all",
      languages: "all",
    }),
    mode: "verbatim" as const,
  };
  return {
    seeds: [
      RELEASE,
      `Suite: x\nSHA256:\n ${SUMS} 5 Packages\n ${SUMS} 9 en\n ${SUMS} 9 Contents-amd64.gz\n ${SUMS} 9 Contents-amd64\n`,
    ],
    words: RELEASE_WORDS,
    run(input) {
      const release = parseRelease(input.toString(), "The Release");
      for (const [path, { size, digests }] of release.files) {
        must(pathFault(path.replace(/^\.\//, "")) === undefined, "each path is plain");
        must(
          Number.isSafeInteger(size) && size >= 0 && Object.keys(digests).length > 0,
          "each has size and digest",
        );
      }
      for (const time of [release.date, release.validUntil])
        if (time !== undefined) must(Number.isFinite(new Date(time).getTime()), "times are times");
      const choices = [chooseIndices, chooseFlatIndices].map((choose) =>
        refusable(() => choose(release, options, "The Release")),
      );
      for (const { forms, plain } of choices.flatMap((choice) => choice?.indices ?? []))
        must(forms.every(({ size }) => size <= 2 ** 30) && plain.size > 0, "an index has bounds");
      if (choices.every((choice) => choice === undefined)) chooseIndices(release, options, "The Release");
    },
  };
}
