import assert from "node:assert/strict";
import { test } from "node:test";
import { sumOfPlans } from "./plan.ts";

const plan = (fetchFiles: number, fetchBytes: number, freeBytes: number) => ({
  files: 10,
  bytes: 100_000,
  fetchFiles,
  fetchBytes,
  freeBytes,
  fits: true,
});

test("plans that fit alone need not fit together", () => {
  const one = plan(1, 60_000, 100_000);
  assert.deepEqual(sumOfPlans([one, one]), {
    files: 20,
    bytes: 200_000,
    fetchFiles: 2,
    fetchBytes: 120_000,
    freeBytes: 100_000,
    fits: false,
  });
  assert.equal(sumOfPlans([one, plan(1, 20_000, 100_000)]).fits, true);
  // Small files take more than their bytes.
  assert.equal(sumOfPlans([plan(12, 10, 100_000), plan(13, 10, 100_000)]).fits, false);
});
