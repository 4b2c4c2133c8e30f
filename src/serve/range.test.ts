import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRange } from "./range.ts";

for (const [header, size, wanted] of [
  ["bytes=0-0", 10, { start: 0, end: 0 }],
  ["bytes=2-", 10, { start: 2, end: 9 }],
  ["bytes=2-100", 10, { start: 2, end: 9 }],
  ["Bytes=9-9", 10, { start: 9, end: 9 }],
  ["bytes=-3", 10, { start: 7, end: 9 }],
  ["bytes=-30", 10, { start: 0, end: 9 }],
  [`bytes=1-${"9".repeat(400)}`, 10, { start: 1, end: 9 }],
  ["bytes=10-", 10, "unsatisfiable"],
  [`bytes=${"9".repeat(400)}-`, 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-1", 0, "whole"],
  ["bytes=5-4", 10, "whole"],
  ["bytes=-", 10, "whole"],
  ["bytes=0-1,3-4", 10, "whole"],
  ["bytes=0x1-2", 10, "whole"],
  ["bytes=1.5-2", 10, "whole"],
  ["lines=0-1", 10, "whole"],
  [undefined, 10, "whole"],
] as const) {
  test(`${header?.slice(0, 20)} of ${size}`, () => assert.deepEqual(parseRange(header, size), wanted));
}
