import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DigestAlgorithm } from "../base/digest.ts";
import {
  bytesOf,
  digest,
  exactly,
  failsWith,
  listed,
  noise,
  opener,
  put,
  sha256,
  text,
} from "./suite-tools.test-helper.ts";
import type { OpenStore } from "./suite-tools.test-helper.ts";

const ALGORITHMS = [
  "md5",
  "sha1",
  "sha256",
  "sha384",
  "sha512",
] as const satisfies readonly DigestAlgorithm[];

export function blobSuite(name: string, openStore: OpenStore): void {
  describe(`${name}: blobs`, () => {
    const open = opener(openStore);

    test("a blob is there after a put, also when the store is opened again", async () => {
      const { store, reopen } = await open();
      const bytes = text("hello");
      const session = await store.begin();
      const info = await session.putBlob(bytes, exactly(bytes));
      assert.deepEqual(info, { sha256: sha256(bytes), size: 5 });
      const stat = await store.statBlob(info.sha256);
      assert.deepEqual({ sha256: stat?.sha256, size: stat?.size }, info);
      await session.end();
      const again = await reopen();
      assert.deepEqual(await again.statBlob(info.sha256), stat);
      assert.deepEqual(await again.readBlob(info.sha256), bytes);
    });

    test("what was put is not what the caller does to its buffer afterwards", async () => {
      const { store } = await open();
      const bytes = text("hello");
      const [name = ""] = await put(store, bytes);
      bytes.fill(0);
      assert.equal((await store.readBlob(name)).toString(), "hello");
    });

    for (const algorithm of ALGORITHMS)
      test(`a wrong ${algorithm} is refused, and nothing of the file is there`, async () => {
        const { store } = await open();
        const bytes = text("right");
        const session = await store.begin();
        const wrong = { digests: { [algorithm]: digest(algorithm, text("wrong")) }, size: 5 };
        await assert.rejects(session.putBlob(bytes, wrong), failsWith("digest_mismatch"));
        assert.deepEqual(await listed(store), []);
        await session.putBlob(bytes, { digests: { [algorithm]: digest(algorithm, bytes) } });
        assert.deepEqual(await listed(store), [sha256(bytes)]);
      });

    test("one wrong digest among right ones is refused", async () => {
      const { store } = await open();
      const bytes = text("right");
      const session = await store.begin();
      const digests = { sha256: sha256(bytes), md5: digest("md5", text("wrong")) };
      await assert.rejects(session.putBlob(bytes, { digests }), failsWith("digest_mismatch"));
      assert.deepEqual(await listed(store), []);
    });

    test("sizes are held to: exact, and at most", async () => {
      const { store } = await open();
      const bytes = text("12345");
      const session = await store.begin();
      await assert.rejects(session.putBlob(bytes, { digests: {}, size: 4 }), failsWith("too_large"));
      await assert.rejects(session.putBlob(bytes, { digests: {}, maxSize: 4 }), failsWith("too_large"));
      await assert.rejects(session.putBlob(bytes, { digests: {}, size: 6 }), failsWith("digest_mismatch"));
      assert.deepEqual(await listed(store), []);
      await session.putBlob(bytes, { digests: {}, maxSize: 5 });
      assert.deepEqual(await listed(store), [sha256(bytes)]);
    });

    test("an empty file is a blob, and so is a large one", async () => {
      const { store } = await open();
      const large = noise(700_000);
      const [empty = "", big = ""] = await put(store, text(""), large);
      assert.equal((await store.statBlob(empty))?.size, 0);
      assert.equal((await bytesOf(store, empty)).length, 0);
      assert.ok((await store.readBlob(big)).equals(large));
      assert.ok((await bytesOf(store, big)).equals(large));
    });

    test("putting it again writes nothing", async () => {
      const { store } = await open();
      const bytes = text("once");
      await put(store, bytes);
      const before = await Array.fromAsync(store.listBlobs());
      await put(store, bytes);
      assert.deepEqual(await Array.fromAsync(store.listBlobs()), before);
    });

    for (const size of [5, 700_000])
      test(`a blob of ${size} bytes that has changed goes to quarantine when its bytes are put again`, async () => {
        const { store, damage } = await open();
        const bytes = noise(size);
        const [name = ""] = await put(store, bytes);
        await damage(name);
        await put(store, bytes);
        assert.ok((await store.readBlob(name)).equals(bytes));
        assert.deepEqual(await store.quarantined(), [{ sha256: name, back: true }]);
        await put(store, bytes);
        assert.ok((await store.readBlob(name)).equals(bytes));
      });

    test("many puts of the same blob at once all succeed", async () => {
      const { store } = await open();
      const session = await store.begin();
      const bytes = text("popular");
      await Promise.all(Array.from({ length: 20 }, () => session.putBlob(bytes, exactly(bytes))));
      await session.barrier();
      assert.equal((await store.readBlob(sha256(bytes))).toString(), "popular");
    });

    test("ranges are inclusive at both ends", async () => {
      const { store } = await open();
      const [name = ""] = await put(store, text("0123456789"));
      const slice = async (start: number, end: number): Promise<string> =>
        (await bytesOf(store, name, { start, end })).toString();
      assert.equal(await slice(0, 0), "0");
      assert.equal(await slice(2, 4), "234");
      assert.equal(await slice(9, 9), "9");
      assert.equal(await slice(5, 100), "56789");
      assert.equal((await bytesOf(store, name)).toString(), "0123456789");
    });

    test("an open blob gives what is asked of it, where the store has such a way", async () => {
      const { store } = await open();
      if (store.openBlobFile === undefined) return;
      const [name = ""] = await put(store, text("0123456789"));
      const file = await store.openBlobFile(name);
      const into = Buffer.alloc(4);
      const read = async (position: number): Promise<string> =>
        into.toString("utf8", 0, await file.read(into, position));
      assert.deepEqual(
        [await read(0), await read(7), await read(3), await read(10)],
        ["0123", "789", "3456", ""],
      );
      const again = await store.openBlobFile(name);
      assert.deepEqual([file.size, again.size, file.stamp], [10, 10, again.stamp]);
      await again.close();
      await file.close();
      await assert.rejects(store.openBlobFile(sha256(text("absent"))), failsWith("blob_missing"));
      await assert.rejects(store.openBlobFile("../../../etc/passwd"), failsWith("blob_missing"));
    });

    test("what is not there is said so, also for names that are no digests", async () => {
      const { store } = await open();
      for (const name of [sha256(text("absent")), "../../../etc/passwd", "", "AB".repeat(32)]) {
        assert.equal(await store.statBlob(name), undefined);
        await assert.rejects(store.openBlob(name), failsWith("blob_missing"));
        await assert.rejects(store.readBlob(name), failsWith("blob_missing"));
      }
    });

    test("readBlob re-hashes, and holds to its bound", async () => {
      const { store, damage } = await open();
      const [name = ""] = await put(store, text("sound"));
      await assert.rejects(store.readBlob(name, 4), failsWith("too_large"));
      assert.equal((await store.readBlob(name, 5)).toString(), "sound");
      await damage(name);
      await assert.rejects(store.readBlob(name), failsWith("blob_corrupt"));
    });

    test("a session that has ended takes nothing more; ending it twice is harmless", async () => {
      const { store } = await open();
      const session = await store.begin();
      await session.end();
      await session.end();
      await assert.rejects(session.putBlob(text("late"), { digests: {} }), failsWith("internal"));
      await assert.rejects(session.incoming({ digests: {} }), failsWith("internal"));
      assert.deepEqual(await listed(store), []);
    });

    test("two sessions side by side", async () => {
      const { store } = await open();
      const [one, two] = [await store.begin(), await store.begin()];
      await one.putBlob(text("one"), { digests: {} });
      await two.putBlob(text("two"), { digests: {} });
      await one.end();
      await two.putBlob(text("three"), { digests: {} });
      await two.end();
      assert.deepEqual(
        await listed(store),
        ["one", "two", "three"].map((word) => sha256(text(word))).toSorted(),
      );
    });
  });
}
