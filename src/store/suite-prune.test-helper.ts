import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { body, exactly, listed, noise, opener, put, sha256, text } from "./suite-tools.test-helper.ts";
import type { OpenStore } from "./suite-tools.test-helper.ts";

export function pruneSuite(name: string, openStore: OpenStore): void {
  describe(`${name}: pruning`, () => {
    const open = opener(openStore);

    test("blobs are listed with size and time, and deleted by name", async () => {
      const { store } = await open();
      const before = Date.now() - 5000;
      const [one = "", two = "", three = ""] = await put(store, text("one"), text("two"), text("three"));
      const blobs = await Array.fromAsync(store.listBlobs());
      assert.deepEqual(
        new Map(blobs.map((blob) => [blob.sha256, blob.size])),
        new Map([
          [one, 3],
          [two, 3],
          [three, 5],
        ]),
      );
      for (const { modified } of blobs) assert.ok(modified > before && modified < Date.now() + 5000);
      await store.deleteBlobs([one, sha256(text("absent")), three, "../../etc/passwd"]);
      assert.deepEqual(await listed(store), [two]);
      assert.equal(await store.statBlob(one), undefined);
    });

    test("blobs are listed in order, also from behind one that is not there", async () => {
      const { store } = await open();
      const names = await put(store, ...Array.from({ length: 40 }, (_, at) => text(`blob ${at}`)));
      const sorted = names.toSorted();
      const after = async (name?: string): Promise<string[]> =>
        (await Array.fromAsync(store.listBlobs(name))).map((blob) => blob.sha256);
      assert.deepEqual(await after(), sorted);
      for (const at of [0, 17, 39])
        assert.deepEqual(await after(sorted[at]), sorted.slice(at + 1), sorted[at]);
      const middle = `${sorted[20]?.slice(0, 40)}${"0".repeat(24)}`;
      assert.deepEqual(await after(middle), sorted.slice(20));
    });

    test("a quarantined blob is gone until it is put again", async () => {
      const { store, damage, reopen } = await open();
      const bytes = text("will be damaged");
      const [name = "", sound = ""] = await put(store, bytes, text("sound"));
      await damage(name);
      await store.quarantine(name);
      assert.equal(await store.statBlob(name), undefined);
      assert.deepEqual(await listed(store), [sound]);
      assert.deepEqual(await store.quarantined(), [{ sha256: name, back: false }]);
      await store.clearRepaired();
      assert.deepEqual(await (await reopen()).quarantined(), [{ sha256: name, back: false }]);
      const again = await reopen();
      await put(again, bytes);
      assert.deepEqual(await again.quarantined(), [{ sha256: name, back: true }]);
      assert.ok((await again.readBlob(name)).equals(bytes));
      await again.clearRepaired();
      assert.deepEqual(await again.quarantined(), []);
      assert.ok((await again.readBlob(name)).equals(bytes));
    });

    test("a blob that is missing altogether can be named in quarantine too", async () => {
      const { store } = await open();
      const bytes = text("lost");
      await store.quarantine(sha256(bytes));
      await store.quarantine(sha256(bytes));
      assert.deepEqual(await store.quarantined(), [{ sha256: sha256(bytes), back: false }]);
      await put(store, bytes);
      await store.clearRepaired();
      assert.deepEqual(await store.quarantined(), []);
    });

    test("what nobody needs any more is forgotten in quarantine, and nothing else is", async () => {
      const { store, reopen } = await open();
      const names = [text("one"), text("two"), text("back")].map(sha256);
      const [one = "", two = "", back = ""] = names;
      for (const name of names) await store.quarantine(name);
      await put(store, text("back"), text("sound"));
      await store.forgetQuarantined([one, back, sha256(text("sound")), "../../etc/passwd"]);
      assert.deepEqual(await (await reopen()).quarantined(), [{ sha256: two, back: false }]);
      assert.deepEqual(await listed(store), [back, sha256(text("sound"))].toSorted());
    });

    test("sweep takes partial downloads of that age, and no other", async () => {
      const { store } = await open();
      const session = await store.begin();
      const bytes = noise(400_000);
      const incoming = await session.incoming(exactly(bytes), "old");
      await incoming.append(body([bytes.subarray(0, 300_000)]));
      await incoming.release();
      await put(store, text("a blob"));
      assert.equal(await store.sweep(60_000), 0);
      assert.equal(await store.sweep(-1000), 300_000);
      assert.equal((await session.incoming(exactly(bytes), "old")).have, 0);
      assert.deepEqual(await listed(store), [sha256(text("a blob"))]);
    });

    test("a ref is dropped with all its versions, and none beside, above or below it", async () => {
      const { store, reopen } = await open();
      const names = ["snapshots/m/one", "snapshots/m/two", "snapshots/m", "snapshots/m/one/below"];
      for (const name of names)
        for (const version of [1, 2, 3]) await store.createRef(name, version, text(`${name} ${version}`));
      await store.dropRef("snapshots/m/one");
      await store.dropRef("snapshots/absent");
      await assert.rejects(store.dropRef("../snapshots"), { code: "bad_name" });
      const again = await reopen();
      assert.deepEqual(await again.listRefs(""), ["snapshots/m", "snapshots/m/one/below", "snapshots/m/two"]);
      assert.deepEqual(await again.refVersions("snapshots/m/one"), []);
      assert.deepEqual(await again.refVersions("snapshots/m/two"), [1, 2, 3]);
      assert.equal(await again.createRef("snapshots/m/one", 1, text("anew")), true);
      assert.equal(String(await again.readRef("snapshots/m/one", 1)), "anew");
    });

    test("free bytes are a number above zero", async () => {
      const { store } = await open();
      assert.ok((await store.freeBytes()) > 0);
    });
  });
}
