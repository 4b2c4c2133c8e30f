import assert from "node:assert/strict";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { takes } from "../sites.test-helper.ts";
import { bundlePair, bytesIn, flip, manifestIn, sourceIn, writes } from "./bundles.test-helper.ts";
import { splitBundle } from "./split.ts";

const { signal } = new AbortController();

test("a finished bundle is cut for a smaller medium, with its signatures, and imported as it is", async (context) => {
  const { outer, inner, id, home } = await bundlePair(context);
  const [from, to] = [join(home, "whole"), join(home, "cut")];
  await writes(outer, from, { partBytes: 4 * 2 ** 20 });
  const done = await splitBundle({ from, to, partBytes: 20_000, signal });
  assert.ok(done.pieces > 5);
  for (const name of await readdir(to))
    assert.ok((await stat(join(to, name))).size <= 20_000 || !name.includes(".tar"), name);
  const before = await bytesIn(to);
  // What a stopped run lacks is made up for; the rest is left alone.
  const gone = [...before.keys()].find((name) => name.endsWith(".003")) ?? "";
  await rm(join(to, gone));
  await splitBundle({ from, to, partBytes: 20_000, signal });
  assert.deepEqual(await bytesIn(to), before);
  assert.deepEqual((await takes(inner, await sourceIn(to))).snapshots, [`toy@${id}`]);
});

test("a bundle that is damaged or not whole is not cut, nor into another one or itself", async (context) => {
  const { outer, home } = await bundlePair(context);
  const [from, to] = [join(home, "whole"), join(home, "cut")];
  await writes(outer, from);
  await assert.rejects(splitBundle({ from, to: from, partBytes: 20_000, signal }), { code: "usage" });
  await assert.rejects(splitBundle({ from, to, partBytes: 50, signal }), {
    code: "usage",
    message: /1\d\d\d pieces/,
  });
  const other = join(home, "other");
  await writes(outer, other, { destination: "plant" });
  await assert.rejects(splitBundle({ from, to: other, partBytes: 20_000, signal }), { code: "bundle_there" });
  const part = join(from, (await manifestIn(from)).parts.at(-1)?.name ?? "");
  await flip(part, 600);
  await assert.rejects(splitBundle({ from, to, partBytes: 20_000, signal }), { code: "bundle_damaged" });
  await rm(part);
  await assert.rejects(splitBundle({ from, to, partBytes: 20_000, signal }), {
    code: "bundle_damaged",
    message: /is not in/,
  });
  assert.equal((await readdir(to)).includes("SHA256SUMS.asc"), false, "no bundle came of it");
});
