import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { failsWith, noise, put, sha256, text } from "../suite-tools.test-helper.ts";
import { layoutOf } from "./layout.ts";
import { plantFile } from "./plant.ts";
import { blobFile, flipBit, tempStores } from "./temp.test-helper.ts";

const open = tempStores();
const ID = "20260101T000000Z";

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .toSorted();
}

test("a tree is hard links, its roots are copies with their time", async () => {
  const store = await open();
  const [root = "", pkg = ""] = await put(store, text("root"), text("package"));
  const time = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.equal(await store.trees.hasTree("debian", ID), false);
  await store.trees.createTree("debian", ID, [
    { path: "dists/trixie/InRelease", sha256: root, mtime: time },
    { path: "pool/main/a/a_1.deb", sha256: pkg },
    { path: "pool/main/a/same.deb", sha256: pkg },
    { path: "pool/main/a/same.deb", sha256: pkg },
    { path: "top level ä+~%2b", sha256: pkg },
  ]);
  assert.equal(await store.trees.hasTree("debian", ID), true);
  assert.deepEqual(await store.trees.listTrees(), [{ mirror: "debian", id: ID }]);
  const base = `${store.root}/trees/debian/${ID}`;
  assert.deepEqual(filesBelow(base), [
    "dists/trixie/InRelease",
    "pool/main/a/a_1.deb",
    "pool/main/a/same.deb",
    "top level ä+~%2b",
  ]);
  const stat = fs.statSync(`${base}/dists/trixie/InRelease`);
  assert.equal(stat.mtimeMs, time);
  assert.notEqual(stat.ino, fs.statSync(blobFile(store.root, root)).ino);
  assert.equal(fs.readFileSync(`${base}/dists/trixie/InRelease`, "utf8"), "root");
  assert.equal(fs.statSync(`${base}/pool/main/a/a_1.deb`).ino, fs.statSync(blobFile(store.root, pkg)).ino);
  assert.equal(fs.statSync(blobFile(store.root, pkg)).nlink, 4);
});

test("what is wrong in a tree is told as it would be put right, and left as it is", async () => {
  const store = await open();
  const [root = "", pkg = "", other = ""] = await put(store, text("root"), text("package"), text("other"));
  const mtime = Date.UTC(2026, 0, 2);
  const files = [
    { path: "dists/InRelease", sha256: root, mtime },
    { path: "dists/Release", sha256: root, mtime },
    { path: "pool/a/a.deb", sha256: pkg },
    { path: "pool/b/b.deb", sha256: other },
    { path: "pool/c.deb", sha256: other },
  ];
  assert.equal(await store.trees.wrongInTree("debian", ID, files), undefined);
  await store.trees.createTree("debian", ID, files);
  assert.deepEqual(await store.trees.wrongInTree("debian", ID, files), []);
  const base = `${store.root}/trees/debian/${ID}`;
  flipBit(`${base}/dists/InRelease`);
  fs.utimesSync(`${base}/dists/InRelease`, mtime / 1000, mtime / 1000);
  fs.utimesSync(`${base}/dists/Release`, 0, 0);
  fs.unlinkSync(`${base}/pool/a/a.deb`);
  fs.rmSync(`${base}/pool/b`, { recursive: true });
  fs.writeFileSync(`${base}/pool/b`, "in the way");
  fs.mkdirSync(`${base}/more/below`, { recursive: true });
  const wrong = [
    "dists/InRelease",
    "dists/Release",
    "pool/a/a.deb",
    "pool/b",
    "pool/b/b.deb",
    "more",
  ].toSorted();
  for (let time = 0; time < 2; time++)
    assert.deepEqual((await store.trees.wrongInTree("debian", ID, files))?.toSorted(), wrong);
  assert.deepEqual((await store.trees.createTree("debian", ID, files)).toSorted(), wrong);
  assert.deepEqual(await store.trees.wrongInTree("debian", ID, files), []);
});

for (const [path, why] of [
  ["../escape", "path_refused"],
  ["/etc/passwd", "path_refused"],
  ["a/../../escape", "path_refused"],
  ["a//b", "path_refused"],
  ["./a", "path_refused"],
  ["a\nb", "path_refused"],
  ["", "path_refused"],
  ["good", "path_conflict"],
  ["good/below", "path_conflict"],
  ["pool", "path_conflict"],
] as const)
  test(`the path ${JSON.stringify(path)} makes no tree: ${why}`, async () => {
    const store = await open();
    const [one = "", two = ""] = await put(store, text("one"), text("two"));
    const good = [
      { path: "good", sha256: one },
      { path: "pool/a/b", sha256: one },
    ];
    for (const files of [
      [...good, { path, sha256: two }],
      [{ path, sha256: two }, ...good],
    ])
      await assert.rejects(store.trees.createTree("m", ID, files), failsWith(why));
    assert.equal(await store.trees.hasTree("m", ID), false);
    assert.deepEqual(fs.readdirSync(`${store.root}/tmp`), ["partial"]);
    assert.deepEqual(filesBelow(`${store.root}/trees`), []);
  });

test("a missing blob makes no tree", async () => {
  const store = await open();
  for (const file of [
    { path: "a/b", sha256: sha256(text("absent")) },
    { path: "c", sha256: sha256(text("absent")), mtime: 0 },
  ])
    await assert.rejects(store.trees.createTree("m", ID, [file]), failsWith("blob_missing"));
  assert.deepEqual(await store.trees.listTrees(), []);
  assert.deepEqual(fs.readdirSync(`${store.root}/tmp`), ["partial"]);
});

test("names that are none are refused", async () => {
  const store = await open();
  await assert.rejects(store.trees.createTree("../m", ID, []), failsWith("bad_name"));
  await assert.rejects(store.trees.createTree("m", "latest", []), failsWith("bad_name"));
  await assert.rejects(store.trees.removeTree("m", ".."), failsWith("bad_name"));
});

test("where a link is not possible the file is a copy", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("copied"));
  const target = `${store.root}/trees/copy`;
  for (const code of ["EMLINK", "EPERM", "EXDEV"]) {
    plantFile(layoutOf(store.root), target, { path: "copy", sha256: name }, () => {
      throw Object.assign(new Error(code), { code });
    });
    assert.equal(fs.readFileSync(target, "utf8"), "copied");
    assert.equal(fs.statSync(target).nlink, 1);
    fs.unlinkSync(target);
  }
});

test("a removed tree is gone, and only that", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("x"));
  const outside = `${store.root}/outside`;
  fs.mkdirSync(outside);
  fs.writeFileSync(`${outside}/keep`, "");
  for (const id of [ID, "20260102T000000Z"])
    await store.trees.createTree("m", id, [{ path: "a/b/c", sha256: name }]);
  fs.symlinkSync(outside, `${store.root}/trees/m/${ID}/a/link`);
  await store.trees.removeTree("m", ID);
  await store.trees.removeTree("m", ID);
  await store.trees.removeTree("other", ID);
  assert.deepEqual(await store.trees.listTrees(), [{ mirror: "m", id: "20260102T000000Z" }]);
  assert.deepEqual(fs.readdirSync(outside), ["keep"]);
  assert.equal((await store.readBlob(name)).toString(), "x");
  assert.deepEqual(fs.readdirSync(`${store.root}/tmp`), ["partial"]);
});

test("quarantine takes the bad file out of every tree, and creating the tree again puts it back", async () => {
  const store = await open();
  const bytes = text("shared");
  const [name = "", other = ""] = await put(store, bytes, text("other"));
  const files = [
    { path: "pool/bad", sha256: name },
    { path: "pool/good", sha256: other },
    { path: "root", sha256: name, mtime: 1000 },
  ];
  const ids = [ID, "20260102T000000Z"];
  for (const id of ids) await store.trees.createTree("m", id, files);
  await store.trees.setGrace("m", "latest", [{ path: "pool/old", sha256: name }]);
  flipBit(blobFile(store.root, name));
  await store.quarantine(name);
  for (const id of ids) assert.deepEqual(filesBelow(`${store.root}/trees/m/${id}`), ["pool/good", "root"]);
  assert.deepEqual(filesBelow(`${store.root}/trees/m/.grace`), []);
  assert.equal(fs.statSync(`${store.root}/quarantine/${name}`).nlink, 1);
  await put(store, bytes);
  for (const id of ids) {
    await store.trees.createTree("m", id, files);
    assert.deepEqual(filesBelow(`${store.root}/trees/m/${id}`), ["pool/bad", "pool/good", "root"]);
    assert.equal(fs.readFileSync(`${store.root}/trees/m/${id}/pool/bad`, "utf8"), "shared");
  }
});

test("a quarantine that was cut short is finished by the next one", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("bad"));
  await store.trees.createTree("m", ID, [{ path: "bad", sha256: name }]);
  fs.renameSync(blobFile(store.root, name), `${store.root}/quarantine/${name}`);
  await store.quarantine(name);
  assert.deepEqual(filesBelow(`${store.root}/trees/m/${ID}`), []);
});

test("a blob of another size than its put says is replaced, and leaves the trees", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("whole"));
  await store.trees.createTree("m", ID, [{ path: "a", sha256: name }]);
  fs.truncateSync(blobFile(store.root, name), 2);
  await put(store, text("whole"));
  assert.equal((await store.readBlob(name)).toString(), "whole");
  assert.deepEqual(filesBelow(`${store.root}/trees/m/${ID}`), []);
  assert.deepEqual(await store.quarantined(), [{ sha256: name, back: true }]);
});

test("creating a tree that is there puts right what is wrong in it, and says what that was", async () => {
  const store = await open();
  const [root = "", one = "", two = ""] = await put(store, text("root"), text("one"), text("two"));
  const files = [
    { path: "dists/InRelease", sha256: root, mtime: 1_700_000_001_000 },
    { path: "dists/Release", sha256: root, mtime: 1_700_000_001_000 },
    { path: "dists/Release.gpg", sha256: root, mtime: 1_700_000_001_000 },
    { path: "pool/a/one", sha256: one },
    { path: "pool/a/two", sha256: two },
    { path: "pool/b/one", sha256: one },
    { path: "pool/c/one", sha256: one },
    { path: "pool/d/one", sha256: one },
  ];
  const create = (): Promise<string[]> => store.trees.createTree("m", ID, files);
  assert.deepEqual(await create(), [], "a fresh one");
  const base = `${store.root}/trees/m/${ID}`;
  const inode = fs.statSync(`${base}/dists/InRelease`).ino;
  assert.deepEqual(await create(), [], "a sound one");
  assert.equal(fs.statSync(`${base}/dists/InRelease`).ino, inode, "a sound root is not written again");

  const seen = filesBelow(base);
  flipBit(`${base}/dists/InRelease`);
  fs.utimesSync(`${base}/dists/InRelease`, 1_700_000_001, 1_700_000_001);
  fs.utimesSync(`${base}/dists/Release`, 1_700_000_002, 1_700_000_002);
  fs.unlinkSync(`${base}/dists/Release.gpg`);
  fs.symlinkSync("Release", `${base}/dists/Release.gpg`);
  fs.unlinkSync(`${base}/pool/a/one`);
  fs.linkSync(blobFile(store.root, two), `${base}/pool/a/one`);
  fs.unlinkSync(`${base}/pool/a/two`);
  fs.mkdirSync(`${base}/pool/a/two/below`, { recursive: true });
  fs.rmSync(`${base}/pool/b`, { recursive: true });
  fs.rmSync(`${base}/pool/c`, { recursive: true });
  fs.writeFileSync(`${base}/pool/c`, "a file where a folder must be");
  fs.unlinkSync(`${base}/pool/d/one`);
  fs.writeFileSync(`${base}/pool/d/one`, "two");
  fs.writeFileSync(`${base}/dists/extra`, "extra");
  fs.mkdirSync(`${base}/foreign/a`, { recursive: true });
  fs.symlinkSync("/etc", `${base}/foreign/a/etc`);
  const righted = (await create()).toSorted().join(" ");
  assert.equal(
    righted,
    "dists/InRelease dists/Release dists/Release.gpg dists/extra foreign " +
      "pool/a/one pool/a/two pool/b/one pool/c pool/c/one pool/d/one",
  );
  assert.deepEqual(filesBelow(base), seen);
  for (const { path, sha256: name } of files) {
    assert.ok(fs.lstatSync(`${base}/${path}`).isFile(), path);
    assert.equal(sha256(fs.readFileSync(`${base}/${path}`)), name, path);
  }
  assert.equal(fs.statSync(`${base}/dists/Release`).mtimeMs, 1_700_000_001_000);
  assert.ok(fs.existsSync("/etc/passwd"));
  assert.deepEqual(await create(), []);
});

test("a file of a tree that could only be copied is right while it has the bytes of its blob", async () => {
  const store = await open();
  const [name = ""] = await put(store, noise(700_000));
  const files = [{ path: "copy", sha256: name }];
  await store.trees.createTree("m", ID, files);
  const target = `${store.root}/trees/m/${ID}/copy`;
  fs.unlinkSync(target);
  fs.copyFileSync(blobFile(store.root, name), target);
  assert.deepEqual(await store.trees.createTree("m", ID, files), []);
  const fd = fs.openSync(target, "r+");
  fs.writeSync(fd, "x", 699_999);
  fs.closeSync(fd);
  assert.deepEqual(await store.trees.createTree("m", ID, files), ["copy"]);
  assert.equal(sha256(fs.readFileSync(target)), name);
});

test("what stands where a tree must be stays, and is named", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("x"));
  fs.mkdirSync(`${store.root}/trees/m`);
  fs.symlinkSync("/etc", `${store.root}/trees/m/${ID}`);
  await assert.rejects(store.trees.createTree("m", ID, [{ path: "a", sha256: name }]), (error) => {
    failsWith("store_unusable")(error);
    assert.match(String(error), new RegExp(`trees/m/${ID} is in the way`));
    return true;
  });
  assert.equal(fs.readlinkSync(`${store.root}/trees/m/${ID}`), "/etc");
  assert.deepEqual(fs.readdirSync(`${store.root}/tmp`), ["partial"]);
});
