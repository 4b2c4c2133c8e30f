import { test } from "node:test";
import { deepEqual } from "node:assert/strict";
import { open, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { diskMould, skipDisks } from "./loop-disk.ts";

async function sync(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => name !== "lost+found").toSorted();
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), "utf8")]);
  return Object.fromEntries(await Promise.all(texts));
}

test("a cut takes what was not durable, and leaves what was", { skip: skipDisks }, async () => {
  await using mould = await diskMould(async (folder) => await writeFile(join(folder, "from-before"), "1"));
  await using disk = await mould.cast();
  const at = (name: string): string => join(disk.folder, name);
  for (const name of ["synced", "renamed"]) await writeFile(at(name), "1");
  await sync(at("synced"));
  await rename(at("renamed"), at("lost"));
  await disk.cut(false);
  deepEqual(await contents(disk.folder), { "from-before": "1", renamed: "", synced: "1" });
  // Another one knows nothing of it.
  await using other = await mould.cast();
  deepEqual(await contents(other.folder), { "from-before": "1" });
  await writeFile(join(other.folder, "file"), "1");
  await rename(join(other.folder, "file"), join(other.folder, "torn"));
  await other.cut(true);
  deepEqual(await contents(other.folder), { "from-before": "1", tick: "", torn: "" });
});
