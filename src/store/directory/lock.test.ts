import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { failsWith } from "../suite-tools.test-helper.ts";
import { startChild } from "./children.test-helper.ts";
import { openDirectoryStore } from "./open.ts";
import { tempStores } from "./temp.test-helper.ts";

const open = tempStores();

test("another process holds it, and does not keep it when it is killed", async () => {
  const store = await open();
  await using child = startChild("lock", store.root, "sync/debian");
  assert.equal(await child.line(), "held");
  const refused = (error: unknown): true => {
    failsWith("locked")(error);
    assert.match(String(error), new RegExp(`held by pid ${child.pid} \\(a child\\) since `));
    return true;
  };
  await assert.rejects(store.lock("sync/debian", "the test"), refused);
  // A stopped holder still holds.
  child.signal("SIGSTOP");
  await assert.rejects(store.lock("sync/debian", "the test", { waitMs: 100 }), refused);
  const waiting = store.lock("sync/debian", "the test", { waitMs: 60_000 });
  await child.kill();
  const held = await waiting;
  await assert.rejects(store.lock("sync/debian", "another"), (error) => {
    assert.match(String(error), new RegExp(`held by pid ${process.pid} \\(the test\\)`));
    return true;
  });
  await held.release();
  const left = readdirSync(`${store.root}/locks`).filter((name) => !name.startsWith("open-"));
  assert.deepEqual(left, ["sync+debian.db"]);
});

test("two stores in one process exclude each other too", async () => {
  const store = await open();
  const other = await open(store.root);
  const held = await store.lock("store", "one");
  await assert.rejects(other.lock("store", "two"), failsWith("locked"));
  await held.release();
  await using _lock = await other.lock("store", "two");
  await assert.rejects(store.lock("store", "one"), failsWith("locked"));
});

test("closing the store lets go", async () => {
  const store = await open();
  const second = await openDirectoryStore(store.root);
  await second.lock("store", "one");
  await second.close();
  await using _lock = await store.lock("store", "two");
});

test("a note that cannot be read only costs the name of the holder", async () => {
  const store = await open();
  await using _held = await store.lock("store", "one");
  const note = `${store.root}/locks/store.json`;
  assert.match(readFileSync(note, "utf8"), /"who":"one"/);
  for (const content of ["{", "null", '{"pid":"1"}']) {
    writeFileSync(note, content);
    await assert.rejects(store.lock("store", "two"), /held by another process: wait/);
  }
  rmSync(note);
  await assert.rejects(store.lock("store", "two"), /held by another process: wait/);
});

test("a held lock survives the garbage collector", async () => {
  const store = await open();
  await (await openDirectoryStore(store.root)).lock("store", "one");
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await assert.rejects(store.lock("store", "two"), failsWith("locked"));
});
