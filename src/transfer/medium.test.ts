import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeMedium } from "./medium.ts";
import { goOn, siteRig } from "./sites.test-helper.ts";

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
