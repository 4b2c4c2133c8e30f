import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkPath, encodePath, pathFault } from "./path.ts";

test("paths that could leave the tree, or fool somebody, are refused by name", () => {
  const bad = [
    "../x",
    "a/../b",
    "/etc/passwd",
    "a//b",
    "a/",
    "",
    ".",
    "a/./b",
    "a\\b",
    "a\u0000b",
    "a\nb",
    "a\u0085b",
    "\ud800",
    `${"x".repeat(256)}/y`,
    `${"ab/".repeat(2000)}c`,
  ];
  for (const path of bad) {
    assert.throws(() => checkPath(path, "dists/x/Release"), { code: "path_refused" }, JSON.stringify(path));
  }
});

test("odd but legal names pass; a leading ./ is dropped", () => {
  for (const path of ["pool/a+b~1:2_all.deb", "a b/c", "x".repeat(255), "…/é", "a/...", "-rf", "%2e%2e/x"]) {
    assert.equal(checkPath(path, "index"), path);
  }
  assert.equal(checkPath("./a/b.deb", "index"), "a/b.deb");
});

test("an accepted path, resolved as a URL or a file name, stays where it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (path) => {
      fc.pre(pathFault(path) === undefined);
      const url = new URL(encodePath(path), "http://h/base/");
      assert.ok(url.pathname.startsWith("/base/") && url.host === "h", url.href);
      assert.equal(decodeURIComponent(url.pathname.slice("/base/".length)), path);
    }),
  );
});
