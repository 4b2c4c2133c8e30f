import assert from "node:assert/strict";
import { test } from "node:test";
import { Chunks } from "./chunks.ts";

test("so many answers get large chunks, the others small ones; what comes back is used again", () => {
  const chunks = new Chunks(2 ** 20);
  const taken = Array.from({ length: 4 }, () => chunks.take());
  assert.deepEqual(
    taken.map(({ bytes }) => bytes.length),
    [2 ** 19, 2 ** 19, 2 ** 16, 2 ** 16],
  );
  const [one, two, three] = taken;
  one?.release(true);
  three?.release(true);
  assert.equal(chunks.take().bytes, one?.bytes);
  assert.equal(chunks.take().bytes, three?.bytes);
  two?.release(false);
  const fresh = chunks.take().bytes;
  assert.equal(fresh.length, 2 ** 19);
  assert.notEqual(fresh, two?.bytes);
});
