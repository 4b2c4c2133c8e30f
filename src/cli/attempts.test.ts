import assert from "node:assert/strict";
import { test } from "node:test";
import { Attempts } from "./attempts.ts";

test("only what failed is tried again, and only once something was imported", () => {
  const attempts = new Attempts();
  const due = (): string[] => ["bad", "old", "new"].filter((name) => attempts.isDue(name, "as it was"));
  assert.deepEqual(due(), ["bad", "old", "new"]);
  attempts.note("bad", "as it was", "failed");
  attempts.note("old", "as it was", "done");
  assert.deepEqual(due(), ["new"], "what brought nothing is no reason to try others again");
  attempts.note("new", "as it was", "imported");
  assert.deepEqual(due(), ["bad"]);
  assert.ok(attempts.isDue("old", "altered"));
});
