import assert from "node:assert/strict";
import { readdirSync, statfsSync } from "node:fs";
import { test } from "node:test";
import { SluiceError } from "../../base/errors.ts";
import { body, exactly, failsWith, listed, noise, sha256, text } from "../suite-tools.test-helper.ts";
import { mountTmpfs } from "./mounts.test-helper.ts";
import { openDirectoryStore } from "./open.ts";
import type { DirectoryStore } from "./open.ts";
import { tempFolders } from "./temp.test-helper.ts";

const folder = tempFolders();
const MANY = 100_000;
const SIZE = 2_097_152;

function full(what: RegExp): (error: unknown) => true {
  return (error) => {
    failsWith("disk_full")(error);
    assert.match((error as SluiceError).message, what);
    return true;
  };
}

/** Fills what is left of the file system with blobs, or makes so many; returns their names. */
async function fill(store: DirectoryStore, most = Infinity): Promise<string[]> {
  const session = await store.begin();
  const names: string[] = [];
  for (let size = 65_536, index = 0; size >= 4096 && names.length < most; index++) {
    try {
      names.push((await session.putBlob(noise(size, `fill ${index}`), { digests: {} })).sha256);
    } catch (error) {
      failsWith("disk_full")(error);
      size /= 2;
    }
  }
  await session.end();
  return names;
}

test("a full disk is said with a figure, leaves no litter, and the next run continues", async (t) => {
  const root = folder();
  using mount = mountTmpfs(root, SIZE);
  if (mount === undefined) return t.skip("mounting is not permitted here");
  const store = await openDirectoryStore(root);
  assert.ok((await store.freeBytes()) <= SIZE && (await store.freeBytes()) > SIZE / 2);
  const session = await store.begin();
  const bytes = noise(3_000_000);

  await assert.rejects(
    session.putBlob(bytes, exactly(bytes)),
    full(/no room in .* for a file of 3\.0 MB: make room/),
  );
  assert.deepEqual(await listed(store), []);

  const incoming = await session.incoming(exactly(bytes), "a key");
  await assert.rejects(
    incoming.append(body([bytes.subarray(0, 1_200_000), bytes.subarray(1_200_000)])),
    full(/3\.0 MB/),
  );
  await assert.rejects(incoming.append(body([text("more")])), failsWith("disk_full"));
  await assert.rejects(incoming.commit(), failsWith("disk_full"));
  await incoming.release();
  const next = await session.incoming(exactly(bytes), "a key");
  assert.ok(next.have >= 1_200_000 && next.have <= SIZE, `${next.have}`);
  await next.reset();
  await next.release();

  const unkeyed = await session.incoming(exactly(bytes));
  await assert.rejects(unkeyed.append(body([bytes.subarray(0, 1_000_000), bytes])), failsWith("too_large"));
  await assert.rejects(
    unkeyed.append(body([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)])),
    full(/3\.0 MB/),
  );
  await unkeyed.release();
  await session.end();
  assert.deepEqual(readdirSync(`${root}/tmp`), ["partial"]);
  assert.deepEqual(readdirSync(`${root}/tmp/partial`), []);

  const names = await fill(store);
  await assert.rejects(store.createRef("a", 1, noise(8192)), full(/record a of 8192 bytes/));
  assert.equal(await store.readRef("a", 1), undefined);
  await using _lock = await store.lock("gc", "gc of a full disk");
  for (const name of names) assert.equal(sha256(await store.readBlob(name)), name);
  assert.deepEqual(await listed(store), names.toSorted());
  const tree = names.map((sha256, index) => ({ path: `f${index}`, sha256, mtime: 0 }));
  await assert.rejects(
    store.trees.createTree("m", "20260101T000000Z", tree),
    full(/tree of m@20260101T000000Z/),
  );
  assert.equal(await store.trees.hasTree("m", "20260101T000000Z"), false);
  assert.deepEqual(readdirSync(`${root}/tmp`), ["partial"]);

  await store.deleteBlobs(names);
  assert.equal(await store.createRef("a", 1, noise(8192)), true);
  await fill(store);
  await store.close();
});

test("what makes room runs on a disk without any, of bytes or of files, and the reserve is back afterwards", async (t) => {
  for (const short of ["bytes", "inodes"] as const) {
    const root = folder();
    using mount = mountTmpfs(root, 64 * SIZE);
    if (mount === undefined) return t.skip("mounting is not permitted here");
    const store = await openDirectoryStore(root);
    const names = await fill(store, 40);
    const { used } = sizeOf(root);
    mount.resize(
      short === "bytes" ? { bytes: used.bytes, inodes: MANY } : { bytes: 64 * SIZE, inodes: used.inodes },
    );
    const makeRoom = async (): Promise<string> => {
      await using _held = await store.lock("gc", "gc");
      await store.createRef("gc/condemned", 1, text("what goes"));
      await store.deleteBlobs(names);
      return "made";
    };
    await assert.rejects(
      makeRoom(),
      full(short === "inodes" ? /\(no inode is left\): make room/ : /[a-z]: make room/),
    );
    assert.equal(await store.withReserve(makeRoom), "made", short);
    assert.deepEqual(readdirSync(`${root}/reserve`), []);
    await store.close();
    // Too little for a reserve, too.
    await (await openDirectoryStore(root)).close();
    if (short === "bytes") assert.deepEqual(readdirSync(`${root}/reserve`), []);
    mount.resize({ bytes: 64 * SIZE, inodes: MANY });
    const reopened = await openDirectoryStore(root);
    assert.equal(readdirSync(`${root}/reserve`).length, 16);
    // An error of another kind leaves it.
    const failing = async (): Promise<never> =>
      Promise.reject(new SluiceError("locked", "By another process."));
    await assert.rejects(reopened.withReserve(failing), failsWith("locked"));
    assert.equal(readdirSync(`${root}/reserve`).length, 16);
    await reopened.close();
  }
});

function sizeOf(root: string): { used: { bytes: number; inodes: number } } {
  const { blocks, bfree, bsize, files, ffree } = statfsSync(root);
  return { used: { bytes: (blocks - bfree) * bsize, inodes: files - ffree } };
}
