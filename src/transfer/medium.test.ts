import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openDirectoryStore } from "../store/directory/open.ts";
import { writeMedium, type MediumResult } from "./medium.ts";
import { mediumState } from "./medium-state.ts";
import { collectMedium } from "./medium-trim.ts";
import { goOn, siteRig, type SiteRig } from "./sites.test-helper.ts";

const signal = new AbortController().signal;

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "sluice-medium-"));
  t.after(async () => rm(made, { recursive: true, force: true }));
  return join(made, "medium");
}

async function write({ site }: SiteRig, medium: string, keep?: number): Promise<MediumResult> {
  return writeMedium(site, {
    folder: medium,
    selection: { channels: ["stable"] },
    data: "/nowhere",
    keep,
    signal,
    onBlob: () => undefined,
  });
}

test("an export that keeps one snapshot takes the others from the medium, and touches nothing else there", async (t) => {
  const outer = await siteRig();
  const medium = await folder(t);
  const first = await goOn(outer, { a: "one", b: "b" });
  assert.deepEqual((await write(outer, medium)).removed, []);
  const foreign = ["notes.txt", "trees/notes.txt", "blobs/notes.txt", "refs/notes.txt"];
  for (const name of foreign) await writeFile(join(medium, name), "mine");
  const second = await goOn(outer, { a: "two", b: "b" });
  const kept = await write(outer, medium, 2);
  assert.deepEqual([kept.removed, kept.files], [[], 3]);
  const third = await goOn(outer, { a: "three", b: "b" });
  assert.deepEqual((await write(outer, medium, 1)).removed, [`toy@${first}`, `toy@${second}`]);
  const ids = (await readdir(join(medium, "trees", "toy"))).filter((name) => /^\d/.test(name));
  assert.deepEqual(ids, [third]);
  assert.equal(await readFile(join(medium, "trees/toy/stable/a"), "utf8"), "three");
  assert.deepEqual(await readdir(join(medium, "refs/snapshots/toy")), [third]);
  for (const name of foreign) assert.equal(await readFile(join(medium, name), "utf8"), "mine", name);
  const store = await openDirectoryStore(medium);
  try {
    const state = await mediumState(store, medium, { deep: true, signal });
    assert.deepEqual([state.faults, state.files], [[], 4]);
    const blobs = (await Array.fromAsync(store.listBlobs())).length;
    assert.equal(blobs, 5, "the files and the manifest");
    const again = await collectMedium(outer.site, store, medium, { keep: 1, dryRun: false });
    assert.deepEqual(again, { removed: [], files: 0, bytes: 0 });
  } finally {
    await store.close();
  }
});

test("a folder with another site's store is refused, whatever is to be kept", async (t) => {
  const [outer, other] = await Promise.all([siteRig(), siteRig()]);
  const medium = await folder(t);
  await goOn(outer, { a: "one" });
  await goOn(other, { a: "two" });
  await write(outer, medium);
  await assert.rejects(write(other, medium, 1), { code: "medium_unsuitable" });
  assert.equal(await readFile(join(medium, "trees/toy/stable/a"), "utf8"), "one");
});

test("what a run that was killed while it tried the file system has left is cleared away", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "sluice-medium-"));
  t.after(async () => rm(home, { recursive: true, force: true }));
  const outer = await siteRig();
  await goOn(outer, { a: "a" });
  const folder = join(home, "medium");
  await mkdir(join(folder, ".sluice-probe-Xy12zA"), { recursive: true });
  await writeFile(join(folder, ".sluice-probe-Xy12zA/file"), "");
  const { signal } = new AbortController();
  const request = { folder, selection: {}, data: join(home, "data"), signal, onBlob: () => undefined };
  assert.equal((await writeMedium(outer.site, request)).files, 3);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
  );
});
