import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_RANGES, parseRanges } from "./range.ts";

const r = (start: number, end: number) => ({ start, end });

for (const [header, size, wanted] of [
  ["bytes=0-0", 10, [r(0, 0)]],
  ["bytes=2-", 10, [r(2, 9)]],
  ["bytes=2-100", 10, [r(2, 9)]],
  ["Bytes=9-9", 10, [r(9, 9)]],
  ["bytes=-3", 10, [r(7, 9)]],
  ["bytes=-30", 10, [r(0, 9)]],
  [`bytes=1-${"9".repeat(400)}`, 10, [r(1, 9)]],
  ["bytes=10-", 10, "unsatisfiable"],
  [`bytes=${"9".repeat(400)}-`, 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=0-,5-9", 0, "unsatisfiable"],
  ["bytes=-1", 0, "whole"],
  ["bytes=0-,-1", 0, "whole"],
  ["bytes=5-4", 10, "whole"],
  ["bytes=0-1,5-4", 10, "whole"],
  ["bytes=-", 10, "whole"],
  ["bytes=", 10, "whole"],
  ["bytes=,", 10, "whole"],
  ["bytes=0-1,x", 10, "whole"],
  ["bytes=0-1;3-4", 10, "whole"],
  ["bytes=0x1-2", 10, "whole"],
  ["bytes=1.5-2", 10, "whole"],
  ["lines=0-1", 10, "whole"],
  [undefined, 10, "whole"],
  ["bytes=0-1,4-5", 10, [r(0, 1), r(4, 5)]],
  ["bytes= 0-1 , ,\t4-5,", 10, [r(0, 1), r(4, 5)]],
  ["bytes=8-,0-1", 10, [r(8, 9), r(0, 1)]],
  ["bytes=-1,0-0", 10, [r(9, 9), r(0, 0)]],
  ["bytes=0-1,20-30", 10, [r(0, 1)]],
  ["bytes=20-30,40-", 10, "unsatisfiable"],
  ["bytes=0-3,2-5", 10, [r(0, 5)]],
  ["bytes=0-1,2-3", 10, [r(0, 3)]],
  ["bytes=6-7,0-1,2-8", 10, [r(0, 8)]],
  ["bytes=5-6,0-0,6-9,0-9", 10, [r(0, 9)]],
  ["bytes=0-,-10", 10, [r(0, 9)]],
] as const) {
  test(`${header?.slice(0, 30)} of ${size}`, () => assert.deepEqual(parseRanges(header, size), wanted));
}

test("more ranges than any client asks for are not taken up", () => {
  const many = (count: number) =>
    `bytes=${Array.from({ length: count }, (_, at) => `${at * 2}-${at * 2}`).join()}`;
  assert.equal(parseRanges(many(MAX_RANGES), 10_000).length, MAX_RANGES);
  assert.equal(parseRanges(many(MAX_RANGES + 1), 10_000), "whole");
  assert.equal(parseRanges(many(20_000), 100_000), "whole");
});

test("parts hold exactly the bytes that were asked for, each once", () => {
  const range = fc.tuple(fc.nat(60), fc.nat(20)).map(([start, more]) => r(start, start + more));
  fc.assert(
    fc.property(
      fc.array(range, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      (all, size) => {
        const header = `bytes=${all.map(({ start, end }) => `${start}-${end}`).join(",")}`;
        const wanted = new Set<number>();
        for (const { start, end } of all) for (let at = start; at <= end && at < size; at++) wanted.add(at);
        const got = parseRanges(header, size);
        if (wanted.size === 0) return assert.equal(got, "unsatisfiable");
        assert.ok(typeof got === "object");
        const sent = got.flatMap(({ start, end }) =>
          Array.from({ length: end - start + 1 }, (_, at) => start + at),
        );
        assert.equal(sent.length, wanted.size);
        assert.deepEqual(new Set(sent), wanted);
      },
    ),
  );
});
