import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase32, toBase32 } from "./base32.ts";

test("bytes come back, in either case and with letters that look like digits", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = toBase32(bytes);
      assert.deepEqual(fromBase32(text), bytes);
      assert.deepEqual(fromBase32(text.toUpperCase().replaceAll("0", "O").replaceAll("1", "L")), bytes);
    }),
  );
});

test("known values, and what is none", () => {
  assert.equal(toBase32(Buffer.from("foobar")), "csqpyrk1e8");
  assert.equal(fromBase32("u"), undefined);
  assert.equal(fromBase32("0-0"), undefined);
});
