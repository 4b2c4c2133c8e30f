import assert from "node:assert/strict";
import { test } from "node:test";
import { TwoGenerations } from "./two-generations.ts";

test("what is used stays, what is not is forgotten, and there are never more than twice the size", () => {
  const cache = new TwoGenerations<number>(10);
  cache.set("hot", 1);
  cache.set("cold", 2);
  for (let at = 0; at < 100; at++) {
    cache.set(`x${at}`, at);
    assert.equal(cache.get("hot"), 1);
  }
  assert.deepEqual([cache.get("cold"), cache.get("x0"), cache.get("x79")], [undefined, undefined, undefined]);
  assert.deepEqual([cache.get("x99"), cache.get("hot")], [99, 1]);
});
