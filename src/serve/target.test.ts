import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodePath, pathFault } from "../base/path.ts";
import { parseTarget } from "./target.ts";

const path = (raw: string) => {
  const target = parseTarget(raw);
  return typeof target === "number" ? target : target.segments.join("/") + (target.folder ? "/" : "");
};

test("escapes are decoded once, a plus stays a plus", () => {
  assert.equal(path("/m/c/g%2b%2B_1%3a2%7e3.deb"), "m/c/g++_1:2~3.deb");
  assert.equal(path("/m/c/g++_1:2~3.deb"), "m/c/g++_1:2~3.deb");
  assert.equal(path("/m/c/a%252fb"), "m/c/a%2fb");
  assert.equal(path("/m/c/caf%C3%A9"), "m/c/café");
  assert.equal(path("/m/c/caf\u00c3\u00a9"), "m/c/café");
});

test("empty and single-dot segments are collapsed", () => {
  assert.equal(path("//m///c/./a/%2e/b"), "m/c/a/b");
  assert.equal(path("/m/c/a/."), "m/c/a/");
  assert.equal(path("/"), "/");
});

test("query and fragment are no part of the path", () => {
  assert.equal(path("/m/c/a?b=/../%zz#c"), "m/c/a");
  assert.equal(path("/m/c/a#b?c"), "m/c/a");
  assert.deepEqual(parseTarget("/a?b=1"), { segments: ["a"], folder: false, query: "b=1" });
});

test("the absolute form names the same path", () => {
  assert.equal(path("http://user:pass@mirror.example.org:80/m/c/a"), "m/c/a");
  assert.equal(path("HTTP://mirror.example.org"), "/");
});

for (const [raw, status] of [
  ["/m/c/../a", 400],
  ["/m/c/%2e%2E/a", 400],
  ["/m/c/.%2e", 400],
  ["/m/c/a%00", 400],
  ["/m/c/a%0ab", 400],
  ["/m/c/a%7f", 400],
  ["/m/c/%C2%85", 400],
  ["/m/c/a%", 400],
  ["/m/c/a%2", 400],
  ["/m/c/a%zz", 400],
  ["/m/c/%ff", 400],
  ["/m/c/%c0%ae%c0%ae/a", 400],
  ["/m/c/dists%2fstable", 404],
  ["/m/c/..%2fa", 404],
  ["/m/c/a%5c..%5cb", 404],
  ["/m/c/a\\b", 404],
  ["m/c/a", 400],
  ["*", 400],
  ["", 400],
  ["?a", 400],
  [`/${"a".repeat(8192)}`, 414],
] as const) {
  test(`${JSON.stringify(raw.slice(0, 40))} is refused with ${status}`, () =>
    assert.equal(path(raw), status));
}

test("whatever comes, the segments make a path that an entry may have, or there is a status", () => {
  const piece = fc.oneof(
    fc.constantFrom("/", "..", ".", "%2e", "%2f", "%", "%25", "\\", "\u0000", "+", "?", "#", "http://"),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const target = parseTarget(`/${pieces.join("")}`);
      if (typeof target === "number") return;
      const fault = target.segments.length === 0 ? undefined : pathFault(target.segments.join("/"));
      assert.ok(fault === undefined || fault.includes("255"), fault);
    }),
  );
});

test("every path of an entry, encoded, comes back as it was", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      const wanted = names.join("/");
      fc.pre(pathFault(wanted) === undefined);
      assert.equal(path(`/${encodePath(wanted)}`), wanted);
    }),
  );
});
