import assert from "node:assert/strict";
import { test } from "node:test";
import { diffFiles, diffPackages } from "./diff.ts";
import type { ManifestEntry } from "./manifest.ts";

const compare = (a: string, b: string): number => Number(a) - Number(b);
const pkg = (name: string, version: string, arch = "amd64", sha = "0"): ManifestEntry => ({
  path: `${name}_${version}_${arch}`,
  sha256: sha.repeat(64),
  size: 1,
  kind: "package",
  from: "",
  name,
  version,
  arch,
});

test("added, removed and changed packages, by name and architecture", () => {
  const a = [pkg("a", "1"), pkg("b", "1"), pkg("c", "1"), pkg("c", "1", "arm64")];
  const b = [pkg("a", "1"), pkg("b", "2"), pkg("c", "1"), pkg("d", "9")];
  assert.deepEqual(diffPackages(a, b, compare), {
    added: [{ name: "d", arch: "amd64", version: "9" }],
    removed: [{ name: "c", arch: "arm64", version: "1" }],
    changed: [{ name: "b", arch: "amd64", from: "1", to: "2" }],
  });
});

test("several versions of one package: the newest are paired, in the order of versions, not of letters", () => {
  const diff = diffPackages(
    [pkg("a", "9"), pkg("a", "8")],
    [pkg("a", "10"), pkg("a", "8"), pkg("a", "7")],
    compare,
  );
  assert.deepEqual(diff.changed, [{ name: "a", arch: "amd64", from: "9", to: "10" }]);
  assert.deepEqual(diff.added, [{ name: "a", arch: "amd64", version: "7" }]);
});

test("files: a path with other bytes is changed", () => {
  const diff = diffFiles([pkg("a", "1"), pkg("b", "1")], [pkg("a", "1", "amd64", "f"), pkg("c", "1")]);
  assert.deepEqual(diff, { added: ["c_1_amd64"], removed: ["b_1_amd64"], changed: ["a_1_amd64"] });
});
