import assert from "node:assert/strict";
import { test } from "node:test";
import { keptByPolicy } from "./retention.ts";

const daily = Array.from({ length: 60 }, (_, day) =>
  new Date(Date.UTC(2026, 0, 1 + day, 4)).toISOString().replaceAll(/[-:]|\.\d{3}/g, ""),
);

test("the newest is kept whatever the policy says", () => {
  assert.deepEqual([...keptByPolicy(daily, {})], [daily.at(-1)]);
  assert.deepEqual([...keptByPolicy([], { last: 3 })], []);
});

test("last keeps the newest ones", () => {
  assert.deepEqual([...keptByPolicy(daily, { last: 3 })].toSorted(), daily.slice(-3));
});

test("daily, weekly and monthly keep the newest of each period that has any", () => {
  const twice = daily.flatMap((id) => [id, id.replace("T04", "T05")]);
  assert.deepEqual([...keptByPolicy(twice, { daily: 2 })].toSorted(), [
    "20260228T050000Z",
    "20260301T050000Z",
  ]);
  // 2026-03-01 is a Sunday, so its week is that of 2026-02-23.
  assert.deepEqual([...keptByPolicy(daily, { weekly: 2 })].toSorted(), [
    "20260222T040000Z",
    "20260301T040000Z",
  ]);
  assert.deepEqual([...keptByPolicy(daily, { monthly: 12 })].toSorted(), [
    "20260131T040000Z",
    "20260228T040000Z",
    "20260301T040000Z",
  ]);
});

test("a week that crosses the new year is one week", () => {
  const ids = ["20251229T000000Z", "20260101T000000Z", "20260104T000000Z", "20260105T000000Z"];
  assert.deepEqual([...keptByPolicy(ids, { weekly: 2 })].toSorted(), [
    "20260104T000000Z",
    "20260105T000000Z",
  ]);
});
