import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { startChild } from "./children.test-helper.ts";
import { tempStores } from "./temp.test-helper.ts";

const open = tempStores();

function presences(root: string): string[] {
  return fs.readdirSync(`${root}/locks`).filter((name) => name.startsWith("open-"));
}

/** The mark of the only other store that says that it is open, and what it might have in tmp/. */
function litter(root: string, mark: string): string[] {
  const paths = [`note-${mark}-700`, `ref-${mark}-800`, `tree-${mark}-900`].map(
    (name) => `${root}/tmp/${name}`,
  );
  for (const path of paths) {
    if (path.includes("tree")) fs.mkdirSync(`${path}/below`, { recursive: true });
    else fs.writeFileSync(path, "1");
  }
  return paths;
}

function markOf(root: string): string {
  const [name = ""] = presences(root);
  return name.slice("open-".length, -".db".length);
}

test("what a store without a session had in tmp/ goes at the next start once it is dead, and not before", async () => {
  const { root, close } = await open();
  await close();
  await using child = startChild("lock", root, "some");
  assert.equal(await child.line(), "held");
  const paths = litter(root, markOf(root));
  await open(root);
  assert.deepEqual(
    paths.filter((path) => fs.existsSync(path)),
    paths,
  );
  await child.kill();
  await open(root);
  assert.deepEqual(
    paths.filter((path) => fs.existsSync(path)),
    [],
  );
  assert.deepEqual(presences(root), []);
});

test("what has a mark that nobody knows goes too; what others have there stays", async () => {
  const { root } = await open();
  const paths = litter(root, "0123456789ab");
  const theirs = ["tmp/notes.txt", "locks/open-me.db", "locks/open-0123456789aa.db.opening"].map(
    (path) => `${root}/${path}`,
  );
  const stale = `${root}/locks/open-0123456789ac.db.opening`;
  for (const path of [...theirs, stale]) fs.writeFileSync(path, "");
  fs.utimesSync(stale, 0, 0);
  await open(root);
  assert.deepEqual(
    [...paths, stale].filter((path) => fs.existsSync(path)),
    [],
  );
  assert.deepEqual(
    theirs.filter((path) => fs.existsSync(path)),
    theirs,
  );
});

test("a store says that it is open from its first temporary file until it is closed", async () => {
  const store = await open();
  assert.deepEqual(presences(store.root), []);
  await store.createRef("channels/a", 1, Buffer.from("1"));
  assert.equal(presences(store.root).length, 1);
  await store.close();
  assert.deepEqual(presences(store.root), []);
});

test("one that opens while another looks for litter finds its place", async () => {
  const { root, close } = await open();
  await close();
  const rounds = Array.from({ length: 40 }, async (_, at) => {
    const store = await open(root);
    assert.equal(await store.createRef(`channels/c${at}`, 1, Buffer.from("1")), true);
    await store.close();
  });
  await Promise.all(rounds);
  assert.deepEqual(fs.readdirSync(`${root}/tmp`), ["partial"]);
});
