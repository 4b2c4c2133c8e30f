import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Recent } from "./recent.ts";

test("an answer serves until it is too old, a failure never", async () => {
  let now = 0;
  const time = mock.method(performance, "now", () => now);
  const recent = new Recent(250);
  let count = 0;
  const next = () => recent.get("a", async () => ++count);
  assert.deepEqual([await next(), await next()], [1, 1]);
  assert.deepEqual([recent.until("a"), recent.until("b")], [250, 0]);
  now = 249;
  assert.equal(await next(), 1);
  now = 250;
  assert.equal(await next(), 2);
  await assert.rejects(recent.get("b", () => Promise.reject(new Error("no"))));
  assert.equal(await recent.get("b", async () => "yes"), "yes");
  time.mock.restore();
});
