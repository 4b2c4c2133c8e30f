import assert from "node:assert/strict";
import { link, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { bringSluice } from "../with-sluice.ts";
import { bundlePair, manifestIn, sourceIn, writes } from "./bundles.test-helper.ts";
import { SIGNATURE } from "./layout.ts";
import { isWritten } from "./parts.ts";
import { splitBundle } from "./split.ts";
import { resumeState, saveState } from "./state.ts";

const { signal } = new AbortController();
const KINDS = { symlink, link };

/** A folder in which names that a writer uses on its way lead to a file elsewhere, and a check that nothing came of it. */
async function trap(
  home: string,
  names: readonly string[],
): Promise<{ folder: string; holds(): Promise<void> }[]> {
  const made = Object.entries(KINDS).map(async ([kind, plant]) => {
    const [folder, victim] = [join(home, `stick-${kind}`), join(home, `victim-${kind}`)];
    await mkdir(folder);
    await writeFile(victim, "mine");
    for (const name of names) await plant(victim, join(folder, name));
    const holds = async (): Promise<void> => {
      assert.equal(await readFile(victim, "utf8"), "mine", kind);
      const entries = await readdir(folder, { withFileTypes: true });
      assert.deepEqual(
        entries.filter((entry) => !entry.isFile()),
        [],
        kind,
      );
      for (const name of names)
        assert.equal(
          entries.some((entry) => entry.name === name),
          false,
          `${kind} ${name}`,
        );
    };
    return { folder, holds };
  });
  return Promise.all(made);
}

test("a bundle is written past links that lie on the stick under names of its own", async (context) => {
  const { outer, home } = await bundlePair(context);
  const small = ["manifest.json", "contents.txt", "SHA256SUMS", SIGNATURE].map((name) => `.${name}.new`);
  const names = [...small, ".sluice-export.json.partial", "part-0001.partial"];
  for (const { folder, holds } of await trap(home, names)) {
    await writes(outer, folder);
    await holds();
    await sourceIn(folder);
  }
});

test("so is one that is cut for another stick, where a link in the place of a part does not pass for it", async (context) => {
  const { outer, home } = await bundlePair(context);
  const from = join(home, "whole");
  await writes(outer, from);
  const { parts } = await manifestIn(from);
  const [first, second] = parts.map(({ name }) => name);
  assert.ok(first !== undefined && second !== undefined);
  for (const { folder, holds } of await trap(home, [`${first}.0.partial`, `.${SIGNATURE}.new`])) {
    await symlink(join(from, second), join(folder, second));
    await splitBundle({ from, to: folder, partBytes: 2 ** 20, signal });
    await holds();
    await sourceIn(folder);
  }
});

test("so are Sluice's own packages, and the state of an export", async (context) => {
  const { outer, home } = await bundlePair(context);
  const archive = join(home, "sluice_1.0_amd64.deb");
  await writeFile(archive, "package");
  const names = ["sluice_1.0_amd64.deb.new", "sluice_1.0_amd64.deb.asc.new", ".sluice-export.json.partial"];
  for (const { folder, holds } of await trap(home, names)) {
    await bringSluice(outer.site, folder, [archive]);
    await saveState(folder, "b", []);
    await holds();
    assert.equal(await readFile(join(folder, "sluice_1.0_amd64.deb"), "utf8"), "package");
    assert.deepEqual(await resumeState(folder, "b"), new Map());
  }
});

test("a link in the place of a part is none that a stopped run has written", async (context) => {
  const { outer, home } = await bundlePair(context);
  const [from, to] = [join(home, "one"), join(home, "two")];
  await writes(outer, from);
  const [part] = (await manifestIn(from)).parts;
  assert.ok(part !== undefined);
  const plan = { members: [], size: (await readFile(join(from, part.name))).length };
  const known = { n: part.n, name: part.name, size: plan.size, sha256: "" };
  await mkdir(to);
  await symlink(join(from, part.name), join(to, part.name));
  assert.deepEqual([await isWritten(from, known, plan), await isWritten(to, known, plan)], [true, false]);
});
