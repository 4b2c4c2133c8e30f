import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LEAST_PART, planParts, type Item } from "./plan.ts";

const item = (name: string, size: number): Item => ({ name, size });

test("items stand in their order, in as few parts as their order allows", () => {
  const parts = planParts([item("a", 30_000), item("b", 30_000), item("c", 10_000)], LEAST_PART);
  assert.deepEqual(
    parts.map(({ members }) => members.map(({ name }) => name)),
    [["a", "b"], ["c"]],
  );
});

test("what fits into no part is cut, and its pieces make it up", () => {
  const [first, second, third] = planParts([item("big", 150_000)], LEAST_PART);
  assert.deepEqual(
    [first, second, third].map((part) => part?.members.map(({ name, start }) => [name, start])),
    [[["big.000", 0]], [["big.001", 64_000]], [["big.002", 128_000]]],
  );
});

test("a part size that is too small is refused", () => {
  assert.throws(() => planParts([], 1000), { code: "usage" });
});

test("no part is larger than asked, and nothing is lost or twice", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(300_000), { maxLength: 40 }),
      fc.integer({ min: LEAST_PART, max: 400_000 }),
      (sizes, most) => {
        const items = sizes.map((size, at) => item(String(at), size));
        const parts = planParts(items, most);
        const taken = new Map<string, number>();
        for (const part of parts) {
          assert.ok(part.size <= most);
          for (const {
            item: { name },
            start,
            size,
          } of part.members) {
            assert.equal(start, taken.get(name) ?? 0);
            taken.set(name, start + size);
          }
        }
        assert.deepEqual(
          [...taken],
          items.map(({ name, size }) => [name, size]),
        );
      },
    ),
  );
});
