import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { exportsTo } from "../export-record.ts";
import { bundlePair, writes } from "./bundles.test-helper.ts";

test("a bundle whose run ended before it was written down is written down by the next, with its number", async (t) => {
  const { outer, home } = await bundlePair(t);
  const folder = join(home, "one");
  const first = await writes(outer, folder);
  const { store } = outer.site;
  store.refs.delete("exports/any");
  assert.equal((await writes(outer, folder)).result, "unchanged");
  const [noted, ...others] = (await exportsTo(store, "any")).map(({ body }) => body.bundle);
  assert.deepEqual([noted?.number, noted?.id, noted?.base, others], [first.number, first.bundle, [], []]);
  assert.ok(noted?.plan !== undefined, "so that it can be made again");
  await writes(outer, folder, { assumption: { kind: "nothing" } });
  assert.equal((await exportsTo(store, "any")).length, 1, "once");
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
  );
});
