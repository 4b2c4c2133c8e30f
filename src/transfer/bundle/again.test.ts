import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { goOn, takes, type SiteRig } from "../sites.test-helper.ts";
import { writeAgain } from "./again.ts";
import { bundlePair, bytesIn, flip, manifestIn, manyFiles, sourceIn, writes } from "./bundles.test-helper.ts";
import { parseCode } from "./codes.ts";
import type { BundleResult } from "./write.ts";

async function again(from: SiteRig, code: string, folder: string, site?: string): Promise<BundleResult> {
  return writeAgain(from.site, parseCode(code), site, {
    folder,
    extras: async () => new Map(),
    signal: new AbortController().signal,
    onMember: () => undefined,
  });
}

test("parts are the same bytes again, also after the channels have moved on", async (context) => {
  const { outer, inner, id, home } = await bundlePair(context);
  const [first, delta, fresh] = ["first", "delta", "fresh"].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  await writes(outer, first);
  const second = await goOn(outer, manyFiles("two"));
  await writes(outer, delta, { assumption: { kind: "exports", overlap: 0 } });
  await goOn(outer, { a: "three" });
  await writes(outer, join(home, "third"), { assumption: { kind: "exports", overlap: 0 } });
  const [before, { parts, bundle }] = [await bytesIn(delta), await manifestIn(delta)];
  assert.ok(parts.length > 2);
  const done = await again(outer, `2.${bundle.slice(0, 6)}:2,${parts.length}`, fresh);
  assert.deepEqual([done.number, done.parts], [2, 2]);
  const written = await bytesIn(fresh);
  assert.deepEqual(new Set(written.keys()), new Set([parts[1]?.name, parts.at(-1)?.name]));
  for (const [name, bytes] of written) assert.ok(bytes === before.get(name), name);
  // Brought beside the damaged copy, they are what was lacking.
  for (const name of written.keys()) await flip(join(delta, name), 600);
  await assert.rejects(takes(inner, await sourceIn(delta)), { code: "import_incomplete" });
  await takes(inner, await sourceIn(first));
  assert.deepEqual((await takes(inner, await sourceIn(delta, fresh))).snapshots, [`toy@${second}`]);
  assert.notEqual(id, second);
});

test("0 stands for the small files, no number for all of it", async (context) => {
  const { outer, home } = await bundlePair(context);
  const folder = join(home, "one");
  await writes(outer, folder);
  const before = await bytesIn(folder);
  await goOn(outer, { a: "two" });
  const code = `1.${(await manifestIn(folder)).bundle.slice(0, 6)}`;
  await again(outer, `${code}:0`, join(home, "small"));
  assert.deepEqual(
    await bytesIn(join(home, "small")),
    new Map([...before].filter(([name]) => !name.endsWith(".tar"))),
  );
  await again(outer, code, join(home, "all"));
  assert.deepEqual(await bytesIn(join(home, "all")), before);
  assert.equal((await again(outer, "1", join(home, "all"))).result, "unchanged");
  await rm(join(folder, "SHA256SUMS.asc"));
  await rename(join(home, "small", "SHA256SUMS.asc"), join(folder, "SHA256SUMS.asc"));
  assert.deepEqual(await (await sourceIn(folder)).check(new AbortController().signal), []);
});

test("what was not exported, or cannot be made again, is refused", async (context) => {
  const { outer, id, home } = await bundlePair(context);
  await writes(outer, join(home, "a"));
  await writes(outer, join(home, "b"), { destination: "plant" });
  const into = join(home, "into");
  await assert.rejects(again(outer, "2", into), { code: "bundle_unknown" });
  await assert.rejects(again(outer, "1.ffffff:1", into), { code: "bundle_unknown" });
  await assert.rejects(again(outer, "1:1", into), {
    code: "usage",
    message: /any and plant: say which by --site/,
  });
  await assert.rejects(again(outer, "1:99", into, "plant"), { code: "usage", message: /no part 99/ });
  await again(outer, "1:1", into, "plant");
  const { store } = outer.site;
  const ref = `snapshots/toy/${id}`;
  store.refs.delete(ref);
  await assert.rejects(again(outer, "1:1", into, "plant"), {
    code: "bundle_unknown",
    message: new RegExp(`toy@${id}, which is no longer here`),
  });
});
