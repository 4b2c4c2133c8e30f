import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { failsWith, listed, put, sha256, text } from "../suite-tools.test-helper.ts";
import { tempStores } from "./temp.test-helper.ts";

const open = tempStores();

test("sweep removes what has our names, and nothing else", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("blob"));
  const tmp = `${store.root}/tmp`;
  const outside = `${store.root}/outside`;
  fs.mkdirSync(`${outside}/folder`, { recursive: true });
  fs.writeFileSync(`${outside}/folder/keep`, "");
  const mark = "0123456789abcdef";
  fs.writeFileSync(`${tmp}/new-${mark}-1`, "12345");
  fs.mkdirSync(`${tmp}/tree-${mark}-2/a`, { recursive: true });
  fs.writeFileSync(`${tmp}/tree-${mark}-2/a/copy`, "123");
  fs.linkSync(`${outside}/folder/keep`, `${tmp}/tree-${mark}-2/a/link`);
  fs.symlinkSync(outside, `${tmp}/tree-${mark}-2/a/symlink`);
  fs.symlinkSync(outside, `${tmp}/gone-${mark}-3`);
  fs.writeFileSync(`${tmp}/ref-${mark}-4`, "");
  fs.writeFileSync(`${tmp}/opening-${mark}-5`, "");
  fs.writeFileSync(`${tmp}/opening-${mark}-5-journal`, "");
  fs.writeFileSync(`${tmp}/partial/${sha256(text("key"))}`, "1234567");
  const theirs = ["session-0123456789abcdef.db", "notes.txt", "new-1", `partial/${name.slice(1)}`];
  for (const path of theirs) fs.writeFileSync(`${tmp}/${path}`, "theirs");
  assert.equal(await store.sweep(60_000), 0);
  const freed = await store.sweep(-1000);
  assert.ok(freed >= 15 && freed < 500, `${freed}`);
  const left = (fs.readdirSync(tmp, { recursive: true }) as string[]).toSorted();
  assert.deepEqual(left, ["partial", ...theirs].toSorted());
  assert.deepEqual(fs.readdirSync(`${outside}/folder`), ["keep"]);
  assert.deepEqual(await listed(store), [name]);
});

test("files that are no blobs are neither listed nor deleted, and links are not followed", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("blob"));
  const blobs = `${store.root}/blobs/sha256`;
  fs.writeFileSync(`${blobs}/${name.slice(0, 2)}/README`, "");
  fs.mkdirSync(`${blobs}/ab/${"0".repeat(62)}`, { recursive: true });
  fs.symlinkSync("/etc/passwd", `${blobs}/ab/${"1".repeat(62)}`);
  fs.symlinkSync(`${blobs}/${name.slice(0, 2)}`, `${blobs}/zz`);
  assert.deepEqual(await listed(store), [name]);
  const link = `ab${"1".repeat(62)}`;
  assert.equal(await store.statBlob(link), undefined);
  await assert.rejects(store.openBlob(link), failsWith("blob_missing"));
  await store.deleteBlobs([name, "zz"]);
  assert.deepEqual(await listed(store), []);
  assert.equal(fs.existsSync(`${blobs}/${name.slice(0, 2)}/README`), true);
});
