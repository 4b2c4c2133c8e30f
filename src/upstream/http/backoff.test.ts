import assert from "node:assert/strict";
import { test } from "node:test";
import { backOff, parseRetryAfter } from "./backoff.ts";

test("waits double, with the upper half at random, up to 30 s", () => {
  assert.deepEqual(
    [1, 2, 3, 10].map((n) => backOff(n, 0, () => 0)),
    [250, 500, 1000, 15_000],
  );
  assert.deepEqual(
    [1, 2, 3, 10].map((n) => backOff(n, 0, () => 1)),
    [500, 1000, 2000, 30_000],
  );
});

test("Retry-After counts where it is longer, up to two minutes", () => {
  assert.equal(
    backOff(1, 7000, () => 0),
    7000,
  );
  assert.equal(
    backOff(1, 100, () => 0),
    250,
  );
  assert.equal(
    backOff(1, 86_400_000, () => 0),
    120_000,
  );
});

test("Retry-After is read as seconds or a date", () => {
  const now = Date.parse("2026-11-21T08:00:00Z");
  assert.equal(parseRetryAfter("3", now), 3000);
  assert.equal(parseRetryAfter("Sat, 21 Nov 2026 08:00:09 GMT", now), 9000);
  assert.equal(parseRetryAfter("Saturday, 21-Nov-26 08:00:09 GMT", now), 9000);
  for (const text of [undefined, "", "soon", "-5", "1e9", "Sat, 21 Nov 2020 08:00:09 GMT", "9".repeat(30)])
    assert.equal(parseRetryAfter(text, now), 0, text);
});
