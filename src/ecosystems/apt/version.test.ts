import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { compareVersions } from "./version.ts";

test("orders versions as the policy manual says", () => {
  const sorted = [
    "0~~",
    "0~",
    "0",
    "0+b1",
    "1.0~rc1-1",
    "1.0-1",
    "1.0-1+deb12u1",
    "1.0-2",
    "1.0a-1",
    "1.10-1",
    "1:0.1-1",
  ];
  for (const [at, version] of sorted.entries()) {
    for (const [other, second] of sorted.entries()) {
      assert.equal(
        Math.sign(compareVersions(version, second)),
        Math.sign(at - other),
        `${version} ${second}`,
      );
    }
  }
});

test("takes versions for equal that differ in leading zeros only", () => {
  assert.equal(compareVersions("1.02-3", "1.2-03"), 0);
  assert.equal(compareVersions("0:1", "1"), 0);
  assert.equal(compareVersions("1-0", "1"), 0);
});

test("compares numbers of any length", () => {
  assert.ok(compareVersions(`1.${"9".repeat(40)}`, `1.1${"0".repeat(40)}`) < 0);
});

const hasDpkg = spawnSync("dpkg", ["--version"]).status === 0;

test("agrees with dpkg --compare-versions", { skip: hasDpkg ? false : "no dpkg on this host" }, () => {
  const part = fc
    .array(fc.constantFrom("0", "1", "9", "00", "10", "a", "Z", "~", "+", ".", "-", "rc", "~~"), {
      maxLength: 6,
    })
    .map((pieces) => pieces.join(""));
  const version = fc
    .tuple(
      fc.constantFrom("", "", "0:", "1:", "02:"),
      fc.constantFrom("0", "1", "2"),
      part,
      fc.constantFrom("", "-1", "-0", "-1~", "-a"),
    )
    .map((pieces) => pieces.join(""))
    .filter((text) => !text.endsWith("-")); // dpkg answers nothing useful where the revision is empty
  const pairs = fc.sample(fc.tuple(version, version), { numRuns: 400, seed: 20261121 });
  // One shell for all pairs: it prints one line for each.
  const script = `while read -r a b; do dpkg --compare-versions "$a" lt "$b" && echo -1 && continue; dpkg --compare-versions "$a" eq "$b" && echo 0 || echo 1; done`;
  const run = spawnSync("sh", ["-c", script], {
    input: pairs.map(([a, b]) => `${a} ${b}\n`).join(""),
    encoding: "utf8",
  });
  const answers = run.stdout.trim().split("\n");
  assert.equal(answers.length, pairs.length, run.stderr);
  for (const [at, [a, b]] of pairs.entries()) {
    assert.equal(Math.sign(compareVersions(a, b)), Number(answers[at]), `${a} ${b}`);
  }
});

test("is a total order", () => {
  const version = fc.string({ unit: fc.constantFrom(..."01a~+.-:".split("")), maxLength: 8 });
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
    }),
  );
});
