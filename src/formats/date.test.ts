import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRfc2822 } from "./date.ts";

test("dates of Release files", () => {
  const cases: [string, string][] = [
    ["Sat, 10 Feb 2024 11:07:25 UTC", "2024-02-10T11:07:25Z"],
    ["Thu, 19 Nov 2026  0:50:08 UTC", "2026-11-19T00:50:08Z"],
    ["Thu, 9 Nov 2023 03:00:00 GMT", "2023-11-09T03:00:00Z"],
    ["Thu, 09 Nov 2023 03:00:00 +0000", "2023-11-09T03:00:00Z"],
    ["Thu, 09 Nov 2023 03:00:00 +0530", "2023-11-08T21:30:00Z"],
    ["Thu, 09 Nov 2023 03:00:00 -0800", "2023-11-09T11:00:00Z"],
    ["29 Feb 2024 00:00:00 Z", "2024-02-29T00:00:00Z"],
    // The weekday is not compared: the date stands for itself.
    ["Mon, 09 Nov 2023 03:00:00 UTC", "2023-11-09T03:00:00Z"],
  ];
  for (const [text, iso] of cases) assert.equal(parseRfc2822(text), Date.parse(iso), text);
});

test("what is not such a date", () => {
  const wrong = [
    "",
    "2023-11-09T03:00:00Z",
    "Thu, 09 Nov 2023 03:00:00",
    "Thu, 09 Nov 2023 03:00:00 CET",
    "Thu, 09 Nov 2023 03:00:00 PST8PDT",
    "Thu, 31 Feb 2023 03:00:00 UTC",
    "Wed, 29 Feb 2023 03:00:00 UTC",
    "Thu, 00 Nov 2023 03:00:00 UTC",
    "Thu, 09 Nov 2023 24:00:00 UTC",
    "Thu, 09 Nov 2023 03:60:00 UTC",
    "Thu, 09 Nov 2023 03:00:60 UTC",
    "Thu, 09 Nov 23 03:00:00 UTC",
    "Do, 09 Nov 2023 03:00:00 UTC",
    "Thu, 09 nov 2023 03:00:00 UTC",
    "Thu, 09 Nov 2023 03:00:00 +2500",
    "Thu, 09 Nov 2023 03:00:00 UTC x",
    "x Thu, 09 Nov 2023 03:00:00 UTC",
  ];
  for (const text of wrong) assert.equal(parseRfc2822(text), undefined, text);
});

test("every second is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7_000_000_000 }), (seconds) => {
      assert.equal(parseRfc2822(new Date(seconds * 1000).toUTCString()), seconds * 1000);
    }),
  );
});
