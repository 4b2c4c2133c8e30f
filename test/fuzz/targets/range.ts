import { judge, rangeHolds } from "../../../src/serve/conditions.ts";
import { layOut } from "../../../src/serve/multipart.ts";
import { MAX_RANGES, parseRanges } from "../../../src/serve/range.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

const NOW = { etag: '"abc"', lastModified: "Sat, 21 Nov 2026 04:00:00 GMT" };

/** Range, and the conditions of requests: a line each. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      'bytes=0-99,200-,-5\n"abc"\nSat, 21 Nov 2026 04:00:00 GMT',
      'bytes=5-5, 7-7 , 9-9\nW/"abc", "x"\n*',
      "bytes=-0",
    ],
    words: [
      "bytes=",
      "-",
      ",",
      "0-0",
      "99-",
      "-1",
      "W/",
      '"abc"',
      "*",
      "BYTES =",
      "0-0,".repeat(300),
      "9007199254740993",
    ],
    run(input) {
      const [ranges = "", tag = "", date = ""] = input.toString("latin1").split("\n");
      for (const size of [0, 1, 100, 2 ** 42]) {
        const found = parseRanges(ranges, size);
        if (typeof found === "string") continue;
        must(found.length > 0 && found.length <= MAX_RANGES, "a bounded number of parts");
        let sum = 0;
        for (const { start, end } of found) {
          must(
            Number.isSafeInteger(start) &&
              Number.isSafeInteger(end) &&
              start >= 0 &&
              start <= end &&
              end < size,
            "each is in the file",
          );
          sum += end - start + 1;
        }
        must(sum <= size, "no byte is sent twice");
        must(layOut("text/plain", found, size).length > sum, "lengths add up");
      }
      judge({ "if-match": tag, "if-unmodified-since": date }, NOW);
      judge({ "if-none-match": tag, "if-modified-since": date }, NOW);
      rangeHolds({ "if-range": tag }, NOW);
    },
  };
}
