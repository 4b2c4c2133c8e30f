import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import picomatch from "picomatch";
import { compileGlob } from "./glob.ts";

const cases: readonly (readonly [glob: string, yes: readonly string[], no: readonly string[]])[] = [
  ["*", ["a", ".a", "a-b"], ["", "a/b"]],
  ["lib*-dev", ["lib-dev", "libfoo-dev", "lib-dev-dev"], ["libfoo", "xlibfoo-dev", "libfoo-dev2"]],
  ["*a*b*", ["ab", "xaxbx"], ["ba", "a"]],
  ["g++*", ["g++", "g++-14"], ["gg", "g+"]],
  ["a?c", ["abc", "a.c"], ["ac", "a/c", "abbc"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "x", "-x"]],
  ["[!a-c]x", ["dx", "-x"], ["ax", "/x"]],
  ["[]]", ["]"], ["["]],
  ["[a", ["[a"], ["a"]],
  ["{a,b*}-dbg", ["a-dbg", "bx-dbg"], ["ax-dbg", "{a,b*}-dbg"]],
  ["{a,{b,c}d}", ["a", "bd", "cd"], ["b", "ad"]],
  ["php{7..9}", ["php7", "php9"], ["php6", "php7..9"]],
  ["{a}", ["{a}"], ["a"]],
  ["\\*a\\{b,c}", ["*a{b,c}"], ["xab", "*ab"]],
  ["contrib/*", ["contrib/games"], ["contrib", "main/games", "contrib/a/b"]],
  ["**", ["a", "a/b/c"], [""]],
  ["**/games", ["games", "contrib/games", "a/b/games"], ["mygames", "games/x"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/bb"]],
];
for (const [glob, yes, no] of cases)
  test(`the glob ${glob}`, () => {
    const fits = compileGlob(glob);
    for (const text of yes) assert.ok(fits(text), text);
    for (const text of no) assert.ok(!fits(text), text);
  });

// Left out is what picomatch takes for a regular expression: `[!a]` is no negation there, and a plus behind brackets or another plus repeats them.
test("what is simple matches as it does for others", () => {
  const part = fc.constantFrom(
    "a",
    "b",
    "-",
    "+",
    "1",
    "*",
    "*",
    "?",
    "[ab]",
    "[^b]",
    "[a-b]",
    "{a,b}",
    "{a*,b}",
    "{a,b1,*-}",
  );
  const segment = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
  const glob = fc
    .array(segment, { minLength: 1, maxLength: 2 })
    .map((parts) => parts.join("/"))
    .filter((text) => !/\*\*|[\]}+]\+/.test(text) && text.split("{").length < 7);
  const name = fc.string({ unit: fc.constantFrom("a", "a", "b", "-", "+", "1"), minLength: 1, maxLength: 8 });
  const text = fc.array(name, { minLength: 1, maxLength: 2 }).map((names) => names.join("/"));
  fc.assert(
    fc.property(glob, text, (glob, text) => {
      const others = picomatch(glob, { dot: true, nonegate: true, noextglob: true, bash: false });
      assert.equal(compileGlob(glob)(text), others(text));
    }),
    { numRuns: 3000 },
  );
});

test("the time of a match does not explode, whatever the glob and the text", () => {
  const stars = [
    `${"*a".repeat(400)}b`,
    `${"**/".repeat(20)}${"*a".repeat(20)}b`,
    `{${"*a,".repeat(40)}b}*a*a*a*a*b`,
  ];
  const began = process.cpuUsage();
  for (const glob of stars) assert.ok(!compileGlob(glob)("a".repeat(200)));
  const { user } = process.cpuUsage(began);
  assert.ok(user < 1_000_000, `${user / 1000} ms`);
  assert.throws(() => compileGlob("{a,b}".repeat(20)), RangeError);
});
