import assert from "node:assert/strict";
import { copyFile, cp, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findChannel } from "../../channel/channels.ts";
import { goOn, takes, type SiteRig } from "../sites.test-helper.ts";
import {
  bundlePair,
  flip,
  manifestIn,
  manyFiles,
  sourceIn,
  sourcesIn,
  writes,
} from "./bundles.test-helper.ts";
import { findBundles } from "./open.ts";

const { signal } = new AbortController();

const stable = async ({ site }: SiteRig): Promise<Readonly<Record<string, string>> | undefined> =>
  (await findChannel(site.store, "stable"))?.body.mirrors;

test("a part that is missing, or bad, is named with the code that brings it again", async (context) => {
  const { outer, inner, id, home } = await bundlePair(context);
  const folder = join(home, "one");
  await writes(outer, folder);
  const { parts, bundle, records } = await manifestIn(folder);
  const [lost, bad] = parts.slice(records);
  assert.ok(lost && bad);
  await mkdir(join(home, "aside"));
  await rename(join(folder, lost.name), join(home, "aside", lost.name));
  await flip(join(folder, bad.name), 5000);
  const code = `1.${bundle.slice(0, 6)}:${lost.n}-${bad.n}`;
  const faults = await (await sourceIn(folder)).check(signal);
  assert.deepEqual(
    faults.map((fault) => /Part (\d+)|part (\d+)|--only (\S+)/.exec(fault)?.slice(1).join("")),
    [String(bad.n), String(lost.n), code],
  );
  await assert.rejects(takes(inner, await sourceIn(folder)), {
    code: "import_incomplete",
    message: new RegExp(`Part ${bad.n} of bundle 1.*part ${lost.n} is not here.*--only ${code} `),
  });
  assert.equal(await stable(inner), undefined);
  await flip(join(folder, bad.name), 5000);
  await takes(inner, await sourceIn(folder, join(home, "aside")));
  assert.deepEqual(await stable(inner), { toy: id });
});

test("of two copies of a part the sound one counts, whichever comes first", async (context) => {
  const { outer, inner, id, home } = await bundlePair(context);
  const folder = join(home, "one");
  await writes(outer, folder);
  const last = (await manifestIn(folder)).parts.at(-1)?.name ?? "";
  await cp(folder, join(home, "two"), { recursive: true });
  await flip(join(folder, last), 600);
  await mkdir(join(home, "three"));
  await copyFile(join(home, "two", last), join(home, "three", last));
  await takes(inner, await sourceIn(folder, join(home, "three")));
  assert.deepEqual(await stable(inner), { toy: id });
  assert.deepEqual(await (await sourceIn(join(home, "three"), folder)).check(signal), []);
});

test("parts of two bundles under each other's names are named", async (context) => {
  const { outer, inner, home } = await bundlePair(context);
  const [one, two] = [join(home, "one"), join(home, "two")];
  await writes(outer, one);
  await goOn(outer, manyFiles("two"));
  await writes(outer, two);
  const [a, b] = await Promise.all(
    [one, two].map(async (folder) => (await manifestIn(folder)).parts.at(-1)?.name ?? ""),
  );
  assert.ok(a !== undefined && b !== undefined && a !== b);
  await rename(join(one, a), join(home, "held"));
  await rename(join(two, b), join(one, a));
  await rename(join(home, "held"), join(two, b));
  for (const source of await sourcesIn(one, two)) {
    assert.equal((await source.check(signal)).length, 2, "the part, and its code");
    await assert.rejects(takes(inner, source), {
      message: /Part \d+ of bundle \d .*is not what its signed list says/,
    });
  }
  assert.equal(await stable(inner), undefined);
});

test("parts of an older run are named, and do no harm", async (context) => {
  const { outer, inner, home } = await bundlePair(context);
  const [one, two] = [join(home, "one"), join(home, "two")];
  await writes(outer, one);
  const second = await goOn(outer, manyFiles("two"));
  await writes(outer, two);
  const stale = (await manifestIn(one)).parts.at(-1)?.name ?? "";
  await copyFile(join(one, stale), join(two, stale));
  assert.deepEqual((await findBundles([two])).strays, [join(two, stale)]);
  await takes(inner, await sourceIn(two));
  assert.deepEqual(await stable(inner), { toy: second });
});

test("one bundle that is bad does not hold the others back, and records that are bad are named", async (context) => {
  const { outer, home } = await bundlePair(context);
  const [one, two] = [join(home, "one"), join(home, "two")];
  await writes(outer, one);
  await goOn(outer, manyFiles("two"));
  await writes(outer, two);
  const first = (await manifestIn(two)).parts[0]?.name ?? "";
  await flip(join(two, first), 700);
  await assert.rejects(sourceIn(two), {
    code: "bundle_damaged",
    message: new RegExp(`${first}.*--only 2\\.\\w+:1 `),
  });
  await rm(join(two, "SHA256SUMS.asc"));
  const found = await findBundles([one, two]);
  assert.deepEqual([found.bundles.length, [...found.bad.keys()]], [1, [two]]);
});
