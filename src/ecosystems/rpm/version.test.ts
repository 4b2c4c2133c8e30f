import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { needs } from "../../../test/needs.ts";
import { must } from "../../../test/run.ts";
import { compareVersions, evr } from "./version.ts";

test("epoch, version and release make one text", () => {
  assert.equal(evr("0", "1.0", "2"), "1.0-2");
  assert.equal(evr("007", "1.0", "2"), "7:1.0-2");
  assert.equal(evr(3, "1.0", "2"), "3:1.0-2");
});

test("the epoch counts first, then the version, then the release", () => {
  const rising = ["1.0~rc1-1", "1.0-1", "1.0-2", "1.0^git1-1", "1.0.1-1", "1.10-1", "1:0.1-1", "2:0.1-1"];
  for (const [at, a] of rising.entries()) {
    for (const [other, b] of rising.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(at - other), `${a} ${b}`);
  }
});

const skip = needs("rpm");

test("any two parts compare as rpm itself compares them", { skip }, async () => {
  const letters = ["0", "1", "2", "10", "009", "a", "b", "Z", "rc", ".", "_", "+", "~", "^", "~~", "^^"];
  const part = fc
    .array(fc.constantFrom(...letters), { minLength: 1, maxLength: 6 })
    .map((all) => all.join(""));
  const pairs = fc.sample(fc.tuple(part, part), 2000);
  pairs.push(
    ["1.0", "1.0."],
    ["1.0^", "1.0"],
    ["1.0^", "1.0.1"],
    ["1~", "1"],
    ["xyz.4", "8"],
    ["2_0", "2.0"],
  );
  const calls = pairs.map(([a, b]) => `io.write(rpm.vercmp("${a}","${b}").."\\n")`);
  const said = await must("rpm", ["--eval", `%{lua:${calls.join(" ")}}`]);
  const wanted = said.trim().split("\n").map(Number);
  assert.equal(wanted.length, pairs.length);
  for (const [at, [a, b]] of pairs.entries())
    assert.equal(Math.sign(compareVersions(`${a}-1`, `${b}-1`)), wanted[at], `${a} ${b}`);
});
