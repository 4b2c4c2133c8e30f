import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { listing, publish, rig, START } from "./rig.test-helper.ts";

test("what the adapter proved once is not read again, until bytes, options or trust are others", async () => {
  const checked: string[] = [];
  let version = "1";
  const ecosystem: Ecosystem = {
    ...listing,
    async *enumerate(upstream, options, trust) {
      for await (const step of listing.enumerate(upstream, options, trust)) {
        const identity = typeof step === "object" && "entry" in step ? step.entry.package : undefined;
        if (typeof step === "object" && "entry" in step && identity !== undefined)
          yield { entry: { ...step.entry, package: { ...identity, version } } };
        else yield step;
      }
    },
    async check({ kind, path }) {
      if (kind === "package") checked.push(path);
    },
  };
  const one = rig(ecosystem);
  async function sync(packages: Record<string, string>, change: Parameters<typeof one.sync>[0] = {}) {
    one.now += 60_000;
    publish(one.upstream, START + (one.now - START), packages);
    checked.length = 0;
    assert.equal((await one.sync(change)).result, "updated");
    return checked.toSorted();
  }
  assert.deepEqual(await sync({ a: "1", b: "1" }), ["a", "b"]);
  assert.deepEqual(await sync({ a: "1", b: "2" }), ["b"]);
  // The same bytes elsewhere are another package.
  assert.deepEqual(await sync({ a: "1", b: "2", c: "1" }), ["c"]);
  version = "2";
  assert.deepEqual(await sync({ a: "1", b: "2", c: "1", d: "1" }), ["a", "b", "c", "d"]);
  const options = { mode: "sparse" } as const;
  assert.deepEqual(await sync({ a: "1", b: "2", c: "1", d: "2" }, { mirror: { ...one.mirror, options } }), [
    "a",
    "b",
    "c",
    "d",
  ]);
  const trust = { kind: "keys", files: [], pinned: [], allowWeak: [], scope: "packages" } as const;
  assert.deepEqual(
    await sync({ a: "1", b: "2", c: "1", d: "3" }, { mirror: { ...one.mirror, options }, trust }),
    ["a", "b", "c", "d"],
  );
  assert.deepEqual(
    await sync({ a: "1", b: "2", c: "1", d: "4" }, { mirror: { ...one.mirror, options }, trust }),
    ["d"],
  );
});
