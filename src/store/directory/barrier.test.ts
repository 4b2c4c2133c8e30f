import assert from "node:assert/strict";
import { utimesSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { put, text } from "../suite-tools.test-helper.ts";
import { barrier, settle } from "./barrier.ts";
import { layoutOf } from "./layout.ts";
import { markedSessions, markerPath } from "./marker.ts";
import { blobFile, tempStores } from "./temp.test-helper.ts";

const open = tempStores();

test("one sync of the file system is enough", async () => {
  const store = await open();
  const synced: string[] = [];
  await barrier(layoutOf(store.root), {
    fileSystem: async (root) => synced.push(root) > 0,
    file: async (path) => void synced.push(path),
  });
  assert.deepEqual(synced, [store.root]);
});

test("without it, each file of every session that stands is synced, and the folders of their names", async () => {
  const store = await open();
  const at = layoutOf(store.root);
  const synced: string[] = [];
  const one = await store.begin();
  const blobs = [await one.putBlob(text("one"), { digests: {} })];
  const two = await (await open(store.root)).begin();
  blobs.push(await two.putBlob(text("two"), { digests: {} }));
  const syncs = { fileSystem: async () => false, file: async (path: string) => void synced.push(path) };
  await barrier(at, syncs);
  const files = blobs.map(({ sha256 }) => blobFile(store.root, sha256));
  assert.deepEqual(synced.toSorted(), [...files, ...files.map((file) => dirname(file)), at.blobs].toSorted());
  // Blobs that are older than every marker are durable already.
  const later = Date.now() / 1000 + 3600;
  for (const session of markedSessions(at)) utimesSync(markerPath(at, session), later, later);
  synced.length = 0;
  await barrier(at, syncs);
  assert.deepEqual(synced, [at.blobs]);
});

test("with no session standing, nothing is left to sync", async () => {
  const store = await open();
  await put(store, text("durable"));
  const synced: string[] = [];
  await barrier(layoutOf(store.root), {
    fileSystem: async () => false,
    file: async (path) => void synced.push(path),
  });
  assert.deepEqual(synced, [layoutOf(store.root).blobs]);
});

test("a folder that was filled is settled by one sync, or folder by folder and up to what is older", async () => {
  const synced: string[] = [];
  const file = async (path: string): Promise<void> => void synced.push(path);
  await settle("/t/.grace/stable", ["a", "a/b"], { fileSystem: async (path) => synced.push(path) > 0, file });
  assert.deepEqual(synced, ["/t/.grace/stable"]);
  await settle("/t/.grace/stable", ["a", "a/b"], { fileSystem: async () => false, file });
  const folders = ["/t/.grace/stable/a", "/t/.grace/stable/a/b", "/t/.grace/stable", "/t/.grace", "/t"];
  assert.deepEqual(synced.slice(1), folders);
});
