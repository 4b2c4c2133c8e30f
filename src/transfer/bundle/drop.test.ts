import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commitMove, planPromote } from "../../channel/moves.ts";
import { listing, publish } from "../../sync/rig.test-helper.ts";
import { lastImport, writeImport } from "../import-record.ts";
import { sourceOf, takes } from "../sites.test-helper.ts";
import { bundlePair, bytesIn, sourceIn, writes } from "./bundles.test-helper.ts";
import { foldersThere, openDrop, putAside, survey, wasTaken } from "./drop.ts";

test("a bundle is known by what it is: that for another destination with the same number is still to be taken", async (context) => {
  const { outer, inner, home } = await bundlePair(context, { a: "a" });
  publish(outer.upstream, outer.now, { z: "z" });
  await outer.sync({ mirror: { ...outer.mirror, name: "second" } });
  await commitMove(outer.site, await planPromote(outer.site.store, () => listing, "latest", "stable", []));
  const [one, other] = [join(home, "one"), join(home, "other")];
  await writes(outer, one, { destination: "one", selection: { channels: ["stable"], mirrors: ["toy"] } });
  await writes(outer, other, {
    destination: "other",
    selection: { channels: ["stable"], mirrors: ["second"] },
  });
  await takes(inner, await sourceIn(one));
  const { store } = inner.site;
  const taken = async (folder: string): Promise<boolean> =>
    wasTaken(store, (await openDrop(folder, [home])).bundle);
  assert.deepEqual([await taken(one), await taken(other)], [true, false]);
  assert.equal((await takes(inner, await sourceIn(other))).snapshots.length, 1);
  assert.deepEqual([await taken(one), await taken(other)], [true, true]);
  const sender = (await outer.site.author()).fingerprint;
  // A record of a version that noted numbers alone.
  const { taken: _, ...old } = (await lastImport(store, sender)) ?? assert.fail();
  await writeImport(inner.site, old);
  assert.deepEqual([await taken(one), await taken(other)], [false, false]);
});

test("a bundle that brings nothing new is noted too", async (context) => {
  const { outer, inner, home } = await bundlePair(context, { a: "a" });
  const one = join(home, "one");
  await writes(outer, one);
  await takes(inner, sourceOf(outer));
  const sender = (await outer.site.author()).fingerprint;
  const before = await lastImport(inner.site.store, sender);
  assert.equal((await takes(inner, await sourceIn(one), { dryRun: true })).result, "unchanged");
  assert.deepEqual(await lastImport(inner.site.store, sender), before);
  assert.equal((await takes(inner, await sourceIn(one))).result, "unchanged");
  const after = await lastImport(inner.site.store, sender);
  assert.deepEqual(
    [after?.bundles, after?.channels, after?.mirrors],
    [[1], before?.channels, before?.mirrors],
  );
  assert.ok(await wasTaken(inner.site.store, (await openDrop(one, [home])).bundle));
});

test("what another bundle there needs too stays for it", async (context) => {
  const { outer, home } = await bundlePair(context);
  const [drop, done] = [join(home, "drop"), join(home, "done")];
  const [one, other] = [join(drop, "one"), join(drop, "other")];
  await writes(outer, one);
  await writes(outer, other, { destination: "other" });
  const [before, beside] = [await bytesIn(one), await bytesIn(other)];
  const shared = [...before.keys()].filter((name) => name.endsWith(".tar") && beside.has(name));
  assert.ok(shared.length > 1);
  await putAside((await openDrop(one, [drop])).bundle, done, [drop]);
  assert.deepEqual(await bytesIn(other), beside);
  const [folder = ""] = await readdir(done);
  assert.deepEqual(await bytesIn(join(done, folder)), before);
  assert.deepEqual(await readdir(one), []);
  // There is one copy only, in the folder of the bundle that was taken.
  await writes(outer, one);
  for (const name of shared) await rm(join(other, name));
  await putAside((await openDrop(one, [drop])).bundle, join(home, "again"), [drop]);
  assert.deepEqual(await readdir(one), shared);
  await putAside((await openDrop(other, [drop])).bundle, join(home, "last"), [drop]);
  assert.deepEqual([await readdir(one), await readdir(other)], [[], []]);
});

test("a folder that is away does not hold back the others, nor does one that cannot be made end in an unknown error", async (context) => {
  const { outer, home } = await bundlePair(context, { a: "a" });
  const [one, away] = [join(home, "one"), join(home, "away")];
  await writes(outer, one);
  const told: string[] = [];
  const there = await foldersThere([away, one], ({ message }) => void told.push(message));
  assert.deepEqual(there, [one]);
  assert.match(told.join(), /away cannot be read \(ENOENT\)/);
  // It may go away at any moment.
  await assert.rejects(survey([away]), { code: "usage", message: /away cannot be read \(ENOENT\)/ });
  const { bundle } = await openDrop(one, there);
  const before = await bytesIn(one);
  const done = join(home, "done");
  await writeFile(done, "");
  await assert.rejects(putAside(bundle, done, there), { code: "usage", message: /done.* \(ENOTDIR\)/ });
  assert.deepEqual(await bytesIn(one), before);
});
