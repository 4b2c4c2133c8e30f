import assert from "node:assert/strict";
import { test } from "node:test";
import { constantRate, nextChange, rateAt, type Bandwidth } from "./bandwidth.ts";

// Local times on purpose: windows go by the clock on the wall. 2026-11-20 is a Friday.
const at = (day: number, hour: number, minute = 0): number => new Date(2026, 10, day, hour, minute).getTime();
const WORK: Bandwidth = [
  { days: [1, 2, 3, 4, 5], from: 8 * 60, to: 18 * 60, rate: 10 },
  { days: [], from: 22 * 60, to: 6 * 60, rate: Infinity },
  { days: [], from: 0, to: 24 * 60, rate: 50 },
];

test("the first window that holds now counts, its end excluded", () => {
  assert.equal(rateAt(WORK, at(20, 7, 59)), 50);
  assert.equal(rateAt(WORK, at(20, 8)), 10);
  assert.equal(rateAt(WORK, at(20, 17, 59)), 10);
  assert.equal(rateAt(WORK, at(20, 18)), 50);
  assert.equal(rateAt(WORK, at(21, 12)), 50, "Saturday");
  assert.equal(rateAt([], at(20, 12)), Infinity);
  assert.equal(rateAt(WORK.slice(0, 1), at(21, 12)), Infinity);
});

test("a window over midnight belongs to the day on which it begins", () => {
  const fridayNight: Bandwidth = [{ days: [5], from: 22 * 60, to: 6 * 60, rate: 10 }];
  for (const [time, rate] of [
    [at(20, 21, 59), Infinity],
    [at(20, 22), 10],
    [at(21, 5, 59), 10],
    [at(21, 6), Infinity],
    [at(20, 3), Infinity],
    [at(21, 23), Infinity],
  ] as const)
    assert.equal(rateAt(fridayNight, time), rate, new Date(time).toString());
});

test("the next change is the next edge of any window, and there is always one to come", () => {
  assert.equal(nextChange(WORK, at(20, 7, 59)), at(20, 8));
  assert.equal(nextChange(WORK, at(20, 8)), at(20, 18));
  assert.equal(nextChange(WORK, at(20, 23)), at(21, 0));
  assert.equal(nextChange(constantRate(1), at(20, 12)), at(21, 0));
  assert.equal(nextChange([], at(20, 12)), Infinity);
});
