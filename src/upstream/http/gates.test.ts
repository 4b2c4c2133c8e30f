import assert from "node:assert/strict";
import { test } from "node:test";
import { createGates } from "./gates.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("so many go in at a time, in their order; another name has a gate of its own", async () => {
  const gates = createGates(2);
  const order: number[] = [];
  const enter = async (n: number) => {
    const leave = await gates.enter("a", 1);
    order.push(n);
    return leave;
  };
  const [first, second, third, fourth] = [enter(1), enter(2), enter(3), enter(4)];
  await settled();
  assert.deepEqual(order, [1, 2]);
  await gates.enter("b", 1);
  const leave = await second;
  leave();
  leave();
  await settled();
  assert.deepEqual(order, [1, 2, 3], "leaving twice makes room once");
  (await first)();
  (await third)();
  (await fourth)();
});

test("shares add up: two pipelines of three requests fill a gate for two", async () => {
  const gates = createGates(2);
  for (let n = 0; n < 6; n++) await gates.enter("a", 1 / 3);
  let seventh = false;
  void gates.enter("a", 1 / 3).then(() => (seventh = true));
  await settled();
  assert.equal(seventh, false);
});

test("an abort ends a wait at once, and does not hold up those behind it", async () => {
  const gates = createGates(1);
  const leave = await gates.enter("a", 1);
  const stop = new AbortController();
  const stopped = gates.enter("a", 1, stop.signal);
  const next = gates.enter("a", 1);
  stop.abort(new Error("stopped"));
  await assert.rejects(stopped, { message: "stopped" });
  leave();
  (await next)();
  await assert.rejects(gates.enter("a", 1, stop.signal), { message: "stopped" });
  (await gates.enter("a", 1))();
});
