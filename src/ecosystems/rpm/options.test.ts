import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRpmOptions, places, rpmOptions } from "./options.ts";

const faults = (
  own: object,
  trust: "keys" | "packages" | "none" = "keys",
  mode: "verbatim" | "sparse" = "verbatim",
): string[] => {
  const parsed = rpmOptions.strict().safeParse(own);
  if (!parsed.success) return parsed.error.issues.map((issue) => issue.message);
  return checkRpmOptions({ ...parsed.data, mode }, trust).map(({ path }) => path.join("."));
};

test("by default the upstream itself is the repository", () => {
  assert.deepEqual(places(rpmOptions.parse({})), [{ folder: "", template: "" }]);
});

test("variables stand for each of their values, and a folder counts once", () => {
  const options = rpmOptions.parse({
    repositories: ["$releasever/os/$basearch/", "./$releasever/os/$basearch", "extra"],
    releasever: ["8", "9"],
    basearch: ["x86_64", "aarch64"],
  });
  assert.deepEqual(
    places(options).map(({ folder }) => folder),
    ["8/os/x86_64", "8/os/aarch64", "9/os/x86_64", "9/os/aarch64", "extra"],
  );
});

test("what leads out of the upstream, or has no value, is a fault", () => {
  assert.deepEqual(faults({}), []);
  for (const text of ["../x", "/x", "a//b", "a b", "$arch", "a/$releasever$x", "x/../y", "ä"])
    assert.notDeepEqual(faults({ repositories: [text], releasever: ["9"] }), [], text);
  for (const value of ["..", "", "a/b", "$x"])
    assert.notDeepEqual(faults({ repositories: ["$releasever"], releasever: [value] }), [], value);
  assert.deepEqual(faults({ repositories: ["$basearch"] }), ["basearch"]);
  assert.deepEqual(faults({ releasever: ["9"] }), ["releasever"]);
});

test("packages unchecked under unsigned metadata would prove nothing", () => {
  assert.deepEqual(faults({ gpgcheck: false }), []);
  assert.deepEqual(faults({ gpgcheck: false }, "packages"), ["gpgcheck"]);
});

test("what leaves packages out needs a sparse mirror", () => {
  for (const key of [{ newest: 2 }, { architectures: ["x86_64"] }]) {
    assert.deepEqual(faults(key), Object.keys(key));
    assert.deepEqual(faults(key, "keys", "sparse"), []);
  }
  assert.equal(faults({ newest: 0 }, "keys", "sparse").length, 1);
});
