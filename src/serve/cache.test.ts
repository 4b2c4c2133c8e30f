import assert from "node:assert/strict";
import { test } from "node:test";
import { WeightedCache } from "./cache.ts";

function counting(limit: number) {
  const cache = new WeightedCache<string>(limit, (value) => value.length);
  const loads: string[] = [];
  const get = (key: string) =>
    cache.get(key, async () => {
      loads.push(key);
      return key;
    });
  return { cache, loads, get };
}

test("the least recently used leave when the weight passes the limit", async () => {
  const { loads, get } = counting(6);
  for (const key of ["aaa", "bbb", "aaa", "ccc", "aaa", "bbb"]) assert.equal(await get(key), key);
  assert.deepEqual(loads, ["aaa", "bbb", "ccc", "bbb"]);
});

test("a value over the limit is kept until the next one comes", async () => {
  const { loads, get } = counting(2);
  for (const key of ["aaa", "aaa", "b", "aaa"]) await get(key);
  assert.deepEqual(loads, ["aaa", "b", "aaa"]);
});

test("loads at the same time are one load", async () => {
  const { loads, get } = counting(9);
  await Promise.all([get("a"), get("a"), get("a")]);
  assert.deepEqual(loads, ["a"]);
});

test("a failure reaches all who wait and is not remembered", async () => {
  const { cache, get } = counting(9);
  const fail = () => cache.get("a", () => Promise.reject(new Error("no")));
  const all = await Promise.allSettled([fail(), fail()]);
  assert.deepEqual(
    all.map((one) => one.status),
    ["rejected", "rejected"],
  );
  assert.equal(await get("a"), "a");
});
