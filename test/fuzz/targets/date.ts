import { parseRfc2822 } from "../../../src/formats/date.ts";
import { parseRetryAfter } from "../../../src/upstream/http/backoff.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** Dates of Release files and of Retry-After. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "Sat, 10 Feb 2024 11:07:25 UTC",
      "1 Jan 1970  1:02:03 +0530",
      "Thu, 29 Feb 2024 23:59:59 -1400",
      "120",
    ],
    words: [
      "Mon, ",
      "Jan",
      "Dec",
      "0000",
      "9999",
      "24:00:00",
      "23:59:60",
      "+9999",
      "-0000",
      "GMT",
      "Z",
      " ",
      "29 Feb 2023",
    ],
    run(input) {
      const text = input.toString();
      const time = parseRfc2822(text);
      if (time !== undefined) {
        must(Number.isSafeInteger(time) && !Number.isNaN(new Date(time).getTime()), "a date is a time");
        must(
          parseRfc2822(new Date(time).toUTCString()) === time ||
            time < 0 ||
            new Date(time).getUTCFullYear() > 9999,
          "it can be written again",
        );
      }
      const wait = parseRetryAfter(text, Date.UTC(2026, 0));
      must(Number.isFinite(wait) && wait >= 0, "a wait is a number");
    },
  };
}
