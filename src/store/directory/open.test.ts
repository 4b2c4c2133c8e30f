import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bytesOf, failsWith, noise, put, sha256, text } from "../suite-tools.test-helper.ts";
import { mountTmpfs } from "./mounts.test-helper.ts";
import { openDirectoryReader, openDirectoryStore } from "./open.ts";
import { tempFolders, tempStores } from "./temp.test-helper.ts";

const folder = tempFolders();
const open = tempStores();

function treeOf(root: string): string[] {
  return (fs.readdirSync(root, { recursive: true }) as string[]).toSorted();
}

test("a store lies on disk as DESIGN says", async () => {
  const store = await open();
  const bytes = text("hello");
  const name = sha256(bytes);
  await put(store, bytes);
  await store.createRef("channels/latest", 7, text("{}"));
  await store.close();
  assert.deepEqual(
    treeOf(store.root),
    [
      "blobs",
      "blobs/sha256",
      `blobs/sha256/${name.slice(0, 2)}`,
      `blobs/sha256/${name.slice(0, 2)}/${name.slice(2)}`,
      "locks",
      "quarantine",
      "refs",
      "refs/channels",
      "refs/channels/latest",
      "refs/channels/latest/7.json",
      "reserve",
      ...Array.from({ length: 16 }, (_, nth) => `reserve/${nth}`),
      "tmp",
      "tmp/partial",
      "trees",
    ].toSorted(),
  );
});

test("a missing directory is made, with its parents; others can read it whatever the umask", async () => {
  const root = join(folder(), "var", "lib", "sluice");
  const before = process.umask(0o077);
  try {
    const store = await open(root);
    const large = noise(300_000);
    const [small = "", big = ""] = await put(store, text("small"), large);
    const session = await store.begin();
    const incoming = await session.incoming({ digests: {} }, "key");
    await incoming.append(
      (async function* () {
        yield noise(600_000, "streamed");
      })(),
    );
    await incoming.commit();
    await session.end();
    await store.createRef("channels/latest", 1, text("{}"));
    await store.trees.createTree("m", "20260101T000000Z", [
      { path: "dists/InRelease", sha256: small, mtime: 1_700_000_000_000 },
      { path: "pool/a/b", sha256: big },
    ]);
    await store.trees.setChannel("latest", 1, { m: "20260101T000000Z" });
    await store.trees.setGrace("m", "latest", [{ path: "pool/old/c", sha256: big }]);
  } finally {
    process.umask(before);
  }
  for (const path of ["..", "../..", "", ...treeOf(root)]) {
    const stat = fs.lstatSync(join(root, path));
    if (path.startsWith("locks/") || stat.isSymbolicLink()) continue;
    assert.equal((stat.mode & 0o777).toString(8), stat.isDirectory() ? "755" : "644", path);
  }
});

test("an empty directory, and a new file system, become a store", async () => {
  const root = folder();
  fs.mkdirSync(join(root, "lost+found"));
  await put(await open(root), text("x"));
});

test("a store that was half made is made whole", async () => {
  const root = folder();
  fs.mkdirSync(join(root, "blobs"));
  await put(await open(root), text("x"));
});

test("a directory with other things in it is refused, and left as it is", async () => {
  for (const other of ["file.txt", "tmp", "locks", ".hidden", "refs"]) {
    const root = folder();
    fs.mkdirSync(join(root, other));
    await assert.rejects(openDirectoryStore(root), failsWith("store_unusable"));
    await assert.rejects(openDirectoryReader(root), failsWith("store_unusable"));
    assert.deepEqual(treeOf(root), [other]);
  }
});

test("what is no directory is refused", async () => {
  const root = join(folder(), "file");
  fs.writeFileSync(root, "");
  for (const path of [root, join(root, "below")]) {
    await assert.rejects(openDirectoryStore(path), failsWith("store_unusable"));
    await assert.rejects(openDirectoryReader(path), failsWith("store_unusable"));
  }
});

test("a reader makes nothing, not even where there is nothing", async () => {
  const parent = folder();
  await assert.rejects(openDirectoryReader(join(parent, "missing")), failsWith("store_unusable"));
  await assert.rejects(openDirectoryReader(parent), failsWith("store_unusable"));
  for (const path of [join(parent, "missing"), parent]) {
    const reader = await openDirectoryReader(path, { mayBeMissing: true });
    assert.deepEqual([await reader.listRefs(""), await reader.refVersions("a")], [[], []]);
    assert.equal(await reader.statBlob("0".repeat(64)), undefined);
  }
  assert.deepEqual(treeOf(parent), []);
  fs.writeFileSync(join(parent, "other"), "");
  await assert.rejects(openDirectoryReader(parent, { mayBeMissing: true }), failsWith("store_unusable"));
});

test("a reader cannot write, and reads from a read-only mount", async (t) => {
  const root = folder();
  using mount = mountTmpfs(root, 4_000_000);
  if (mount === undefined) return t.skip("mounting is not permitted here");
  const store = await openDirectoryStore(root);
  const [name = ""] = await put(store, text("hello"));
  await store.createRef("channels/latest", 1, text("{}"));
  await (await store.lock("store", "the test")).release();
  await store.close();
  mount.readOnly();
  const reader = await openDirectoryReader(root);
  for (const method of ["begin", "createRef", "lock", "deleteBlobs", "sweep", "trees"])
    assert.equal(method in reader, false, method);
  assert.equal((await bytesOf(reader, name)).toString(), "hello");
  assert.equal((await reader.readBlob(name)).toString(), "hello");
  assert.deepEqual(await reader.listRefs(""), ["channels/latest"]);
  assert.deepEqual(await reader.refVersions("channels/latest"), [1]);
  await reader.close();
  const writer = await openDirectoryStore(root);
  const session = await writer.begin();
  await assert.rejects(session.putBlob(text("other"), { digests: {} }), failsWith("store_unusable"));
  await assert.rejects(writer.createRef("a", 1, text("x")), failsWith("store_unusable"));
  const underLock = async (): Promise<void> => {
    await using _held = await writer.lock("store", "the test");
    await writer.createRef("a", 1, text("x"));
  };
  await assert.rejects(underLock(), (error) => {
    failsWith("store_unusable")(error);
    assert.match(String(error), /The record a of 1 bytes cannot be written: .* is read-only/);
    return true;
  });
  await writer.close();
});
