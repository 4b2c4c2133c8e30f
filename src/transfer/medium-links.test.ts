import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { openDirectoryStore } from "../store/directory/open.ts";
import { writeMedium, type MediumResult } from "./medium.ts";
import { openMedium } from "./medium-folder.ts";
import { goOn, siteRig, type SiteRig } from "./sites.test-helper.ts";

async function home(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "sluice-links-"));
  t.after(async () => rm(made, { recursive: true, force: true }));
  return made;
}

async function write({ site }: SiteRig, folder: string, data: string): Promise<MediumResult> {
  const { signal } = new AbortController();
  const selection = { channels: ["stable"] };
  return writeMedium(site, { folder, selection, data, keep: 1, signal, onBlob: () => undefined });
}

const FOLDERS = [
  "blobs",
  "blobs/sha256",
  "blobs/sha256/*",
  "refs",
  "refs/channels",
  "refs/channels/stable",
  "trees",
  "trees/toy",
  "trees/toy/.grace",
  "trees/toy/.grace/stable",
  "trees/.channels",
  "tmp",
  "tmp/partial",
  "quarantine",
  "locks",
  "reserve",
];

test("an export follows no link on a medium, wherever it is: nothing elsewhere is made, changed or removed", async (t) => {
  const outer = await siteRig();
  const base = await home(t);
  const whole = join(base, "whole");
  await goOn(outer, { a: "one" });
  await write(outer, whole, join(base, "data"));
  await mkdir(join(whole, "trees/toy/.grace/stable"), { recursive: true });
  await goOn(outer, { a: "two" });
  for (const [nth, name] of FOLDERS.entries()) {
    const medium = join(base, `medium-${nth}`);
    await cp(whole, medium, { recursive: true, verbatimSymlinks: true });
    const [child] = await readdir(join(medium, "blobs/sha256"));
    const folder = join(medium, name.replace("*", child ?? ""));
    const victim = join(base, `victim-${nth}`);
    await mkdir(dirname(folder), { recursive: true });
    await rename(folder, victim).catch(async () => mkdir(victim));
    await symlink(victim, folder);
    const before = (await readdir(victim, { recursive: true })).toSorted();
    await assert.rejects(write(outer, medium, join(base, "data")), { code: "medium_unsafe" }, name);
    assert.deepEqual((await readdir(victim, { recursive: true })).toSorted(), before, name);
  }
});

test("a lock that is a link is not opened on a medium; what a killed run left in tmp/ is no link to fear", async (t) => {
  const outer = await siteRig();
  const base = await home(t);
  const [medium, data] = [join(base, "medium"), join(base, "data")];
  await goOn(outer, { a: "one" });
  await write(outer, medium, data);
  await symlink("../.channels/stable", join(medium, "tmp/link-0123456789ab-1"));
  for (const name of ["trees/notes.txt", "blobs/notes.txt", "refs/notes.txt"])
    await writeFile(join(medium, name), "mine");
  await write(outer, medium, data);
  for (const name of ["locks/medium.db", "tmp/session-0123456789abcdef.db"]) {
    await rm(join(medium, name), { force: true });
    await symlink(join(base, "made"), join(medium, name));
    await assert.rejects(write(outer, medium, data), { code: "medium_unsafe" }, name);
    await rm(join(medium, name));
  }
  assert.equal((await readdir(base)).includes("made"), false);
});

test("the data folder of the site is no medium, by whatever name it is given", async (t) => {
  const outer = await siteRig();
  const base = await home(t);
  const data = join(base, "data");
  await goOn(outer, { a: "one" });
  await (await openDirectoryStore(data)).close();
  await symlink("data", join(base, "other"));
  const unsuitable = { code: "medium_unsuitable", message: /data folder of this site/ };
  for (const [folder, own] of [
    [data, data],
    [join(base, "other"), data],
    [data, join(base, "other")],
  ] as const) {
    await assert.rejects(write(outer, folder, own), unsuitable, folder);
    await assert.rejects(openMedium(folder, own), unsuitable, folder);
  }
  // The site's own blobs may lie behind a link, on another disk.
  const disk = join(base, "disk");
  await mkdir(disk);
  for (const name of ["blobs", "refs"]) await rename(join(data, name), join(disk, name));
  await symlink(join(disk, "blobs"), join(data, "blobs"));
  await mkdir(join(data, "refs"));
  await assert.rejects(write(outer, disk, data), unsuitable);
});
