import assert from "node:assert/strict";
import { test } from "node:test";
import { compileSelection } from "./selection.ts";

test("skip leaves out by section or name, with or without the component", () => {
  const { selects: keeps } = compileSelection({
    skip: { sections: ["games", "debug"], packages: ["*-dbgsym"] },
  });
  assert.ok(!keeps("foo", "games"));
  assert.ok(!keeps("foo", "contrib/games"));
  assert.ok(!keeps("foo-dbgsym", "libs"));
  assert.ok(keeps("foo", "libs"));
});

test("only keeps nothing else; skip still counts", () => {
  const { selects: keeps } = compileSelection({
    only: { packages: ["lib*", "bash"] },
    skip: { packages: ["libx*"] },
  });
  assert.ok(keeps("bash", "shells"));
  assert.ok(keeps("libc6", "libs"));
  assert.ok(!keeps("libx11", "libs"));
  assert.ok(!keeps("zsh", "shells"));
});

test("a component/section glob does not touch the same section elsewhere", () => {
  const { selects: keeps } = compileSelection({ skip: { sections: ["contrib/games"] } });
  assert.ok(!keeps("a", "contrib/games"));
  assert.ok(keeps("a", "games"));
});

test("names with + and dots match literally", () => {
  const { selects: keeps } = compileSelection({ only: { packages: ["g++-12", "libstdc++6"] } });
  assert.ok(keeps("g++-12", "x"));
  assert.ok(!keeps("gg-12", "x"));
});

test("globs that match nothing are told, whatever the others say of a package", () => {
  const filter = compileSelection({
    only: { packages: ["a*", "z*"] },
    skip: { sections: ["games", "gmes", "contrib/x"], packages: ["b", "games"] },
  });
  assert.deepEqual(filter.unmatched(), ["a*", "z*", "games", "gmes", "contrib/x", "b"]);
  for (const [name, section] of [
    ["a1", "contrib/games"],
    ["b", "games"],
    ["b", "x"],
  ] as const)
    filter.selects(name, section);
  assert.deepEqual(filter.unmatched(), ["z*", "gmes", "contrib/x", "games"]);
});
