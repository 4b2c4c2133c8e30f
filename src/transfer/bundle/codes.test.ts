import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCode, parseCode } from "./codes.ts";

const ID = "a1b2c3d4".repeat(8);

test("a code says bundle, id and ranges, and is read back", () => {
  const code = formatCode({ bundle: 13, id: ID, parts: [9, 3, 8, 7, 8] });
  assert.equal(code, "13.a1b2c3:3,7-9");
  assert.deepEqual(parseCode(` ${code.toUpperCase()} `), { bundle: 13, id: "a1b2c3", parts: [3, 7, 8, 9] });
  assert.deepEqual(parseCode("13"), { bundle: 13, id: undefined, parts: undefined });
  assert.equal(formatCode({ bundle: 1, id: ID }), "1.a1b2c3");
});

test("what is no code is refused", () => {
  for (const text of ["", "x", "13:", "13:3,", "13:9-3", "13:0-200000", "13.xyz:1", "1.a1b2c3:1 2"])
    assert.throws(() => parseCode(text), { code: "usage" }, text);
});
