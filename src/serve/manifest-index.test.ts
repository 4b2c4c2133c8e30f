import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pathFault } from "../base/path.ts";
import { encodeManifest, parseManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import { ManifestIndex } from "./manifest-index.ts";

const entry = (path: string): ManifestEntry => {
  return { path, sha256: "a".repeat(64), size: 1, kind: "package", from: path };
};

const indexOf = (paths: readonly string[]) => new ManifestIndex(encodeManifest(paths.map(entry)), "m 1");

const names = (index: ManifestIndex, folder: string) => {
  return [...index.children(folder)].map(({ name, entry }) => (entry === undefined ? `${name}/` : name));
};

const PATHS = [
  "a",
  "a b",
  'a"quoted"',
  "a-b",
  "a.d/x",
  "a/b/c",
  "a/b/d",
  "a/é",
  "a/\u{10ffff}",
  "a/\uffff",
  "a0",
];

test("finds each path and nothing else", () => {
  const index = indexOf(PATHS);
  for (const path of PATHS) assert.deepEqual(index.find(path), entry(path));
  for (const path of ["", "A", "a/", "a/b", "a/b/", "a/b/cc", "b", "a\\"])
    assert.equal(index.find(path), undefined);
});

test("a folder lists its names, folders first, each sorted by bytes", () => {
  const index = indexOf(PATHS);
  assert.deepEqual(names(index, ""), ["a.d/", "a/", "a", "a b", 'a"quoted"', "a-b", "a0"]);
  assert.deepEqual(names(index, "a"), ["b/", "é", "\uffff", "\u{10ffff}"]);
  assert.deepEqual(names(index, "a/b"), ["c", "d"]);
  assert.deepEqual(names(index, "a/b/c"), []);
  assert.deepEqual(
    [index.hasFolder("a/b"), index.hasFolder("a/"), index.hasFolder("a/é")],
    [true, false, false],
  );
});

test("an empty snapshot has no files", () => {
  const index = indexOf([]);
  assert.equal(index.find("a"), undefined);
  assert.deepEqual(names(index, ""), []);
});

for (const [what, change] of [
  ["another order", (lines: string[]) => [lines[0], lines[2], lines[1], ""]],
  ["a path twice", (lines: string[]) => [lines[0], lines[1], lines[1], ""]],
  ["another header", (lines: string[]) => ['{"format":2}', lines[1], ""]],
  ["a cut line", (lines: string[]) => [lines[0], lines[1]?.slice(0, 20)]],
  ["a line of another kind", (lines: string[]) => [lines[0], '{"size":1}', ""]],
] as const) {
  test(`a manifest with ${what} is refused`, () => {
    const lines = encodeManifest([entry("a"), entry("b")])
      .toString()
      .split("\n");
    const bytes = Buffer.from(change(lines).join("\n"));
    assert.throws(() => new ManifestIndex(bytes, "m 1"), { code: "manifest_invalid" });
  });
}

test("answers as a plain map of the parsed manifest does", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "b", "-", '"', "0", "é", "\u{1f600}"),
    minLength: 1,
    maxLength: 3,
  });
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 20 }), path, (paths, other) => {
      fc.pre(paths.every((one) => pathFault(one) === undefined));
      const bytes = encodeManifest(paths.map(entry));
      const index = new ManifestIndex(bytes, "m 1");
      const map = new Map(parseManifest(bytes, "m 1").map((one) => [one.path, one]));
      for (const one of [...paths, other]) assert.deepEqual(index.find(one), map.get(one));
      const listed = walk(index, "");
      assert.deepEqual(listed.toSorted(), paths.toSorted());
    }),
  );
});

function walk(index: ManifestIndex, folder: string): string[] {
  return [...index.children(folder)].flatMap(({ name, entry }) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    return entry === undefined ? walk(index, path) : [path];
  });
}
