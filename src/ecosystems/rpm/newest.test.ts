import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { moduleArtifacts, nevraWithEpoch } from "./modules.ts";
import { findNewest } from "./newest.ts";
import { compareVersions } from "./version.ts";

const record = (version: string, arch = "x86_64", name = "tool") => ({
  name,
  version,
  arch,
  group: "",
  href: "",
  digests: {},
  size: 0,
});

async function* listed<T>(...batches: T[][]): AsyncGenerator<readonly T[]> {
  yield* batches;
}

test("the newest are kept of each package and architecture, wherever they stand in the list", async () => {
  const versions = fc.array(fc.constantFrom("1-1", "1.0-1", "2~rc-1", "2-1", "10-1", "1:1-1", "01-1"), {
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(versions, fc.integer({ min: 1, max: 3 }), async (all, count) => {
      const newest = await findNewest(listed(all.map((version) => record(version))), count);
      const order = all.toSorted((a, b) => compareVersions(b, a));
      const distinct = order.filter((one, at) => at === 0 || compareVersions(one, order[at - 1] ?? "") !== 0);
      const wanted = distinct.slice(0, count);
      for (const version of all)
        assert.equal(
          newest.has(record(version)),
          wanted.some((one) => compareVersions(one, version) === 0),
          `${version} of ${all.join(" ")}`,
        );
    }),
  );
});

test("names and architectures do not compete", async () => {
  const all = [record("1-1"), record("2-1", "i686"), record("3-1", "x86_64", "other")];
  const newest = await findNewest(listed(all), 1);
  for (const one of all) assert.equal(newest.has(one), true);
  assert.equal(newest.has(record("2-1")), false);
});

test("the artifacts of modules are found in their lines, however the bytes are cut", async () => {
  const text = `---
document: modulemd
data:
  name: "tool"
  profiles: { default: { rpms: [tool] } }
  components:
    rpms:
      tool:
        ref: 123-4:5 6
  artifacts:
    rpms:
    - tool-0:1.0-1.module+el9.x86_64
    - "quoted-2:1-1.noarch"
    -   'single-0:1-1.src'
    - no-epoch-1-1.noarch
- ${"x".repeat(9000)}-0:1-1.noarch
...
- last-0:1-1.noarch`;
  for (const size of [1, 7, 1 << 16]) {
    const source = (async function* () {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })();
    const wanted = [
      "tool-0:1.0-1.module+el9.x86_64",
      "quoted-2:1-1.noarch",
      "single-0:1-1.src",
      "last-0:1-1.noarch",
    ];
    assert.deepEqual(await Array.fromAsync(moduleArtifacts(source)), wanted);
  }
  assert.equal(nevraWithEpoch(record("1.0-1")), "tool-0:1.0-1.x86_64");
  assert.equal(nevraWithEpoch(record("2:1.0-1")), "tool-2:1.0-1.x86_64");
});
