import assert from "node:assert/strict";
import { test } from "node:test";
import { createGates } from "./gates.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("so many go in at a time, in their order; another name has a gate of its own", async () => {
  const gates = createGates(2);
  const order: number[] = [];
  const enter = async (n: number) => {
    const leave = await gates.enter("a");
    order.push(n);
    return leave;
  };
  const [first, second, third, fourth] = [enter(1), enter(2), enter(3), enter(4)];
  await settled();
  assert.deepEqual(order, [1, 2]);
  await gates.enter("b");
  const leave = await second;
  leave();
  leave();
  await settled();
  assert.deepEqual(order, [1, 2, 3], "leaving twice makes room once");
  (await first)();
  (await third)();
  (await fourth)();
});

test("who tries does not go before those who wait", async () => {
  const gates = createGates(1);
  const leave = gates.tryEnter("a");
  assert.equal(gates.tryEnter("a"), undefined);
  assert.equal(gates.isCrowded("a"), false);
  const next = gates.enter("a");
  assert.equal(gates.isCrowded("a"), true);
  leave?.();
  assert.equal(gates.tryEnter("a"), undefined);
  (await next)();
  assert.notEqual(gates.tryEnter("a"), undefined);
});
