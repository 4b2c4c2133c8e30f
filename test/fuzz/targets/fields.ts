import { parsePartSize } from "../../../src/cli/size.ts";
import { parseDays, parseRate, parseTime } from "../../../src/config/bandwidth.ts";
import { cronFault } from "../../../src/config/cron.ts";
import { parseDuration } from "../../../src/config/duration.ts";
import { contact, fingerprint, listen, redirectHost } from "../../../src/config/fields.ts";
import { mostSimilar } from "../../../src/config/similar.ts";
import { readSignedBy } from "../../../src/ecosystems/apt/signed-by.ts";
import { formatCode, parseCode } from "../../../src/transfer/bundle/codes.ts";
import { hostList } from "../../../src/upstream/http/hosts.ts";
import { must, mustEqual, refusable } from "../kit.ts";
import type { Target } from "../target.ts";

/** The small texts of config and command line, one at a time. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "20MB/s",
      "13.a1b2c3:3,7-9",
      "08:00",
      "mon-fri",
      "7d",
      "127.0.0.1:8080",
      "[::1]:80",
      "*/2 1-5 1,15 jan-dec sun",
      "ops@example.org",
      "https://x/",
      "0x0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567!",
      "*.example.org:80",
      "10.0.0.0/8",
      "4GiB",
      "dvd",
      "::ffff:1.2.3.4",
    ],
    words: [
      "MB/s",
      "kbit/s",
      "unlimited",
      "24:00",
      "23:59",
      "ms",
      "999999999d",
      "-",
      "/0",
      "/129",
      ":65535",
      ":65536",
      "*.",
      "::",
      "[",
      "]",
      "GiB",
      ".5",
      "sun",
      "jan",
      "*/0",
      "mailto:",
    ],
    run(input) {
      const text = input.toString();
      const rate = parseRate(text);
      must(rate === undefined || (rate >= 0 && !Number.isNaN(rate)), "a rate is a number");
      const time = parseTime(text);
      must(
        time === undefined || (Number.isInteger(time) && time >= 0 && time <= 1440),
        "a time is of the day",
      );
      const days = parseDays(text);
      must(
        days === undefined ||
          (days.length > 0 && days.every((day) => day >= 0 && day < 7) && new Set(days).size === days.length),
        "days are of the week",
      );
      const duration = parseDuration(text);
      must(
        duration === undefined || (Number.isSafeInteger(duration) && duration >= 0),
        "a duration is a number",
      );
      const code = refusable(() => parseCode(text));
      if (code !== undefined)
        mustEqual(
          parseCode(formatCode(code)).parts,
          code.parts && [...new Set(code.parts)].toSorted((a, b) => a - b),
          "a code can be written again",
        );
      cronFault(text);
      for (const schema of [listen, contact, fingerprint, redirectHost]) schema.safeParse(text);
      mostSimilar(text, ["upstream", "suites", "x".repeat(64)]);
      readSignedBy(text);
      const urls = ["http://a.example.org/", "http://[::1]/", "https://1.2.3.4:8443/"].map(
        (url) => new URL(url),
      );
      if (redirectHost.safeParse(text).success) for (const url of urls) hostList([text]).host(url);
      must(Number.isFinite(parsePartSize(text)), "a size is a number");
    },
  };
}
