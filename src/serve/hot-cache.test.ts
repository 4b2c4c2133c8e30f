import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HotCache } from "./hot-cache.ts";

function counting(limit: number) {
  const cache = new HotCache<string>(limit, (value) => Number(value.split(":")[1] ?? 1));
  const loads: string[] = [];
  const get = (key: string) =>
    cache.get(key, async () => {
      loads.push(key);
      return key;
    });
  return { cache, loads, get };
}

test("a flood of what is asked for once leaves what was asked for twice", async () => {
  const { cache, loads, get } = counting(10);
  for (const key of ["a", "b", "a", "b"]) await get(key);
  for (let at = 0; at < 1000; at++) await get(`once-${at}`);
  assert.deepEqual([cache.peek("a"), cache.peek("b")], ["a", "b"]);
  assert.equal(cache.weight, 10);
  assert.equal(loads.length, 1002);
});

test("what was once hot makes room for what is", async () => {
  const { cache, get } = counting(10);
  for (let round = 0; round < 2; round++) for (let at = 0; at < 8; at++) await get(`old-${at}`);
  for (let at = 0; at < 16; at++) await get(`new-${at >> 1}`);
  for (let at = 0; at < 8; at++) assert.equal(cache.peek(`new-${at}`), `new-${at}`);
});

test("a value too heavy to be worth it is given, not kept", async () => {
  const { cache, loads, get } = counting(80);
  await get("heavy:11");
  await get("heavy:11");
  await get("light:10");
  await get("light:10");
  assert.deepEqual(loads, ["heavy:11", "heavy:11", "light:10"]);
  assert.equal(cache.weight, 10);
});

test("loads at the same time are one; a failure reaches all who wait and is not remembered", async () => {
  const { cache, loads, get } = counting(80);
  await Promise.all([get("a"), get("a"), get("a")]);
  assert.deepEqual(loads, ["a"]);
  const fail = () => cache.get("b", () => Promise.reject(new Error("no")));
  const all = await Promise.allSettled([fail(), fail()]);
  assert.deepEqual(
    all.map((one) => one.status),
    ["rejected", "rejected"],
  );
  assert.equal(await get("b"), "b");
});

test("a value that is dropped, on trial or safe, is loaded again, and its weight is free", async () => {
  const { cache, loads, get } = counting(80);
  for (const key of ["safe:3", "safe:3", "trial:5"]) await get(key);
  for (const key of ["safe:3", "trial:5", "never:1"]) cache.drop(key);
  assert.equal(cache.weight, 0);
  for (const key of ["safe:3", "trial:5"]) await get(key);
  assert.deepEqual(loads, ["safe:3", "trial:5", "safe:3", "trial:5"]);
  assert.equal(cache.weight, 8);
});

test("whatever is asked, the weight stays within the limit and the values are right", async () => {
  const keys = fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 9 })), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(keys, async (asked) => {
      const { cache, get } = counting(40);
      for (const [name, weight] of asked) {
        const key = `${name}:${weight}`;
        assert.equal(await get(key), key);
        assert.ok(cache.weight <= 40);
      }
      let held = 0;
      for (const key of new Set(asked.map(([name, weight]) => `${name}:${weight}`))) {
        if (cache.peek(key) !== undefined) held += Number(key.split(":")[1]);
      }
      assert.equal(held, cache.weight);
    }),
  );
});
