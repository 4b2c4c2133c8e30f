import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { failsWith, put, sha256, text } from "../suite-tools.test-helper.ts";
import { tempStores } from "./temp.test-helper.ts";

const open = tempStores();

function contents(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`;
    found[path.slice(folder.length + 1)] = entry.isDirectory() ? "/" : fs.readFileSync(path, "utf8");
  }
  return found;
}

test("the grace folder holds exactly the files that are named", async () => {
  const store = await open();
  const [one = "", two = ""] = await put(store, text("one"), text("two"));
  const base = `${store.root}/trees/m/.grace/latest`;
  const set = (files: Record<string, string>): Promise<void> =>
    store.trees.setGrace(
      "m",
      "latest",
      Object.entries(files).map(([path, name]) => ({ path, sha256: name })),
    );

  await set({ "pool/a/1": one, "pool/b": two });
  assert.deepEqual(contents(base), { pool: "/", "pool/a": "/", "pool/a/1": "one", "pool/b": "two" });
  const inode = fs.statSync(`${base}/pool/b`).ino;
  // One goes, one stays, one changes its content, a folder becomes a file and a file a folder.
  await set({ "pool/a": two, "pool/b": two, "pool/c": one });
  assert.deepEqual(contents(base), { pool: "/", "pool/a": "two", "pool/b": "two", "pool/c": "one" });
  assert.equal(fs.statSync(`${base}/pool/b`).ino, inode);
  await set({ "pool/a/x/y": one, "pool/c": two });
  assert.deepEqual(contents(base), {
    pool: "/",
    "pool/a": "/",
    "pool/a/x": "/",
    "pool/a/x/y": "one",
    "pool/c": "two",
  });
  await set({ other: one });
  assert.deepEqual(contents(base), { other: "one" });
  await set({});
  assert.equal(fs.existsSync(base), false);
  await set({});
  assert.deepEqual(fs.readdirSync(`${store.root}/tmp`), ["partial"]);
});

test("what is to be added is there before anything is removed", async () => {
  const store = await open();
  const [one = ""] = await put(store, text("one"));
  await store.trees.setGrace("m", "latest", [{ path: "old", sha256: one }]);
  const absent = { path: "new", sha256: sha256(text("absent")) };
  await assert.rejects(store.trees.setGrace("m", "latest", [absent]), failsWith("blob_missing"));
  assert.deepEqual(contents(`${store.root}/trees/m/.grace/latest`), { old: "one" });
});

test("unsafe paths and names are refused", async () => {
  const store = await open();
  const [one = ""] = await put(store, text("one"));
  await assert.rejects(
    store.trees.setGrace("m", "latest", [{ path: "../x", sha256: one }]),
    failsWith("path_refused"),
  );
  await assert.rejects(store.trees.setGrace("..", "latest", []), failsWith("bad_name"));
  await assert.rejects(store.trees.setGrace("m", "..", []), failsWith("bad_name"));
  assert.deepEqual(fs.readdirSync(`${store.root}/trees`), []);
});
