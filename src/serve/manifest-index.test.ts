import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pathFault } from "../base/path.ts";
import { encodeManifest, parseManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import { ManifestIndex } from "./manifest-index.ts";

const entry = (path: string): ManifestEntry => {
  return { path, sha256: "a".repeat(64), size: 1, kind: "package", from: path };
};

const indexOf = (paths: readonly string[]) => ManifestIndex.build(encodeManifest(paths.map(entry)), "m 1");

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

test("finds each path and nothing else", async () => {
  const index = await indexOf(PATHS);
  for (const path of PATHS) assert.deepEqual(index.find(path), entry(path));
  for (const path of ["", "A", "a/", "a/b", "a/b/", "a/b/cc", "b", "a\\"])
    assert.equal(index.find(path), undefined);
});

test("a folder lists its names, folders first, each sorted by bytes", async () => {
  const index = await indexOf(PATHS);
  assert.deepEqual(names(index, ""), ["a.d/", "a/", "a", "a b", 'a"quoted"', "a-b", "a0"]);
  assert.deepEqual(names(index, "a"), ["b/", "é", "\uffff", "\u{10ffff}"]);
  assert.deepEqual(names(index, "a/b"), ["c", "d"]);
  assert.deepEqual(names(index, "a/b/c"), []);
  assert.deepEqual(
    [index.hasFolder("a/b"), index.hasFolder("a/"), index.hasFolder("a/é")],
    [true, false, false],
  );
});

test("an empty snapshot has no files", async () => {
  const index = await indexOf([]);
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
  test(`a manifest with ${what} is refused`, async () => {
    const lines = encodeManifest([entry("a"), entry("b")])
      .toString()
      .split("\n");
    const bytes = Buffer.from(change(lines).join("\n"));
    await assert.rejects(ManifestIndex.build(bytes, "m 1"), { code: "manifest_invalid" });
  });
}

const anyName = fc.string({
  unit: fc.constantFrom("a", "b", "-", '"', "0", "é", "\u{1f600}"),
  minLength: 1,
  maxLength: 3,
});
const anyPath = fc.array(anyName, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const anyPaths = fc
  .uniqueArray(anyPath, { maxLength: 20 })
  .filter((paths) => paths.every((one) => pathFault(one) === undefined));

test("answers as a plain map of the parsed manifest does", async () => {
  await fc.assert(
    fc.asyncProperty(anyPaths, anyPath, async (paths, other) => {
      const bytes = encodeManifest(paths.map(entry));
      const index = await ManifestIndex.build(bytes, "m 1");
      const map = new Map(parseManifest(bytes, "m 1").map((one) => [one.path, one]));
      for (const one of [...paths, ...paths, other]) assert.deepEqual(index.find(one), map.get(one));
      const listed = walk(index, "");
      assert.deepEqual(listed.toSorted(), paths.toSorted());
    }),
  );
});

test("what a newer manifest has no file for, without roots", async () => {
  await fc.assert(
    fc.asyncProperty(anyPaths, anyPaths, async (old, newer) => {
      const left = await (await indexOf(old)).without(await indexOf(newer));
      assert.deepEqual(walk(left, "").toSorted(), old.filter((path) => !newer.includes(path)).toSorted());
    }),
  );
  const root = { ...entry("InRelease"), kind: "root" as const };
  const bytes = encodeManifest([root, entry("a.deb")]);
  const left = await (await ManifestIndex.build(bytes, "m 1")).without(await indexOf([]));
  assert.deepEqual([left.find("InRelease"), left.find("a.deb")], [undefined, entry("a.deb")]);
});

test("indexing lets other work go on in between", async () => {
  const bytes = encodeManifest(Array.from({ length: 20_000 }, (_, at) => entry(`pool/${at}`)));
  let turns = 0;
  let running = true;
  const turn = () => {
    turns++;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  const index = await ManifestIndex.build(bytes, "m 1");
  const built = turns;
  await index.without(await indexOf(["pool/7"]));
  running = false;
  assert.ok(built >= 2 && turns > built, `${built} turns of the loop, then ${turns - built}`);
});

function walk(index: ManifestIndex, folder: string): string[] {
  return [...index.children(folder)].flatMap(({ name, entry }) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    return entry === undefined ? walk(index, path) : [path];
  });
}

test("a folder whose name is not UTF-8 is passed over once", async () => {
  const line = (path: string): string =>
    `{"path":"${path}","sha256":"${"0".repeat(64)}","size":1,"kind":"root","from":"x"}\n`;
  const bytes = Buffer.from(`{"format":1}\n${line("a\u00ff/b")}${line("b/c")}`, "latin1");
  const index = await ManifestIndex.build(bytes, "m 1");
  const names: string[] = [];
  for (const { name } of index.children("")) {
    names.push(name);
    assert.ok(names.length < 4, "it comes to its end");
  }
  assert.deepEqual(names, ["a\ufffd", "b"]);
});
