import { compareVersions } from "../../../src/ecosystems/apt/version.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** Debian versions, one a line: any three of them have one order. */
export async function open(): Promise<Target> {
  return {
    seeds: ["1.0-1\n1:1.0-1\n1.0~rc1-1+b1\n", "2.0\n2.00\n02.0a\n"],
    words: ["~", "~~", ":", "-", "+", ".", "0", "00", "a", "Z", "%", "^", "1".repeat(60), "\n"],
    run(input) {
      const [a = "", b = "", c = ""] = input.toString().split("\n");
      const order = (x: string, y: string): number => Math.sign(compareVersions(x, y));
      must(order(a, a) === 0 && order(a, b) === -order(b, a), "both ways agree");
      if (order(a, b) <= 0 && order(b, c) <= 0) must(order(a, c) <= 0, "three stand in a row");
      if (order(a, b) === 0) must(order(a, c) === order(b, c), "equals are equal to others");
    },
  };
}
