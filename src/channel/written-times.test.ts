import assert from "node:assert/strict";
import { test } from "node:test";
import { steadySince, writtenTimes } from "./written-times.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const days = (ago: number): number => NOW - ago * DAY;
const row = (...ago: number[]) => ago.map((one) => ({ at: new Date(days(one)).toISOString() }));

test("times that go forward are what they say", () => {
  assert.deepEqual(writtenTimes(row(9, 9, 3, 0), NOW), [9, 9, 3, 0].map(days));
  assert.deepEqual(writtenTimes([], NOW), []);
});

test("a time of a clock that was ahead or behind is that of the next one that can be right, or now", () => {
  assert.deepEqual(writtenTimes(row(9, -3650, 3), NOW), [9, 3, 3].map(days));
  assert.deepEqual(writtenTimes(row(9, 3650, 3650, 3), NOW), [9, 3, 3, 3].map(days));
  assert.deepEqual(writtenTimes(row(9, 3650), NOW), [9, 0].map(days));
  assert.deepEqual(writtenTimes(row(9, -3650), NOW), [9, 0].map(days));
  assert.deepEqual(writtenTimes([{ at: "never" }], NOW), [NOW]);
});

test("the clock is steady since the last gap of more than a year, to now too; what lies ahead tells nothing", () => {
  assert.equal(steadySince([], NOW), -Infinity);
  assert.equal(steadySince([700, 340, 1].map(days), NOW), -Infinity);
  assert.equal(steadySince([5, 3650, 3649, 4].map(days), NOW), days(5));
  assert.equal(steadySince([3650, 3649].map(days), NOW), NOW);
  assert.equal(steadySince([3650, -3650].map(days), NOW), NOW);
});
