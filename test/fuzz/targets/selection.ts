import { compileSelection } from "../../../src/base/selection.ts";
import type { Target } from "../target.ts";

/** Globs of a config (the first lines), and the names and sections of packages that a vendor chose (the last two). */
export async function open(): Promise<Target> {
  return {
    seeds: ["*-dbg*\nlib*-dev\n*a*b*c*\nlibfoo-dbgsym\ncontrib/games", "{a,b}*\n[a-z]?x\nabx\ngames"],
    words: [
      "*",
      "**",
      "?",
      "[a-z]",
      "[!a]",
      "{a,b}",
      "*a*a*a*a*",
      "!",
      "(",
      ")",
      "+(",
      "|",
      "\\",
      "/",
      "{1..9}",
      "a".repeat(200),
    ],
    maxBytes: 2048,
    run(input) {
      const lines = input
        .toString()
        .split("\n")
        .filter((line) => line !== "");
      const [name = "", section = ""] = lines.splice(-2);
      const filter = compileSelection({ skip: { packages: lines, sections: lines } });
      filter.selects(name.slice(0, 200), section.slice(0, 200));
      filter.unmatched();
    },
  };
}
