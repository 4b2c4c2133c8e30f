import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failsWith, opener, text } from "./suite-tools.test-helper.ts";
import type { OpenStore } from "./suite-tools.test-helper.ts";

export function refSuite(name: string, openStore: OpenStore): void {
  describe(`${name}: refs`, () => {
    const open = opener(openStore);

    test("versions are created once, and read back after the store is opened again", async () => {
      const { store, reopen } = await open();
      assert.equal(await store.createRef("channels/latest", 1, text("one")), true);
      assert.equal(await store.createRef("channels/latest", 1, text("other")), false);
      for (const version of [2, 10, 3]) await store.createRef("channels/latest", version, text(`${version}`));
      const again = await reopen();
      assert.deepEqual(await again.refVersions("channels/latest"), [1, 2, 3, 10]);
      assert.equal((await again.readRef("channels/latest", 1))?.toString(), "one");
      assert.equal(await again.readRef("channels/latest", 4), undefined);
      assert.equal(await again.createRef("channels/latest", 10, text("late")), false);
      assert.equal((await again.readRef("channels/latest", 10))?.toString(), "10");
    });

    test("of many creators of one version exactly one wins, and its bytes are there", async () => {
      const { store } = await open();
      for (let version = 1; version <= 5; version++) {
        const creators = Array.from({ length: 20 }, (_, index) => `creator ${index}`);
        const won = await Promise.all(creators.map((who) => store.createRef("race", version, text(who))));
        assert.equal(won.filter(Boolean).length, 1);
        assert.equal((await store.readRef("race", version))?.toString(), creators[won.indexOf(true)]);
      }
    });

    test("names are listed below a prefix, in the order of bytes", async () => {
      const { store } = await open();
      const names = ["a/b", "a-b", "a/B", "a.b/c", "a", "ab/c", "sites/F00/channels/latest"];
      for (const name of names) await store.createRef(name, 1, text("x"));
      await store.createRef("a/b", 2, text("y"));
      assert.deepEqual(await store.listRefs(""), names.toSorted());
      assert.deepEqual(await store.listRefs("a/"), ["a/B", "a/b"]);
      assert.deepEqual(await store.listRefs("a"), ["a", "a-b", "a.b/c", "a/B", "a/b", "ab/c"]);
      assert.deepEqual(await store.listRefs("sites/F00/"), ["sites/F00/channels/latest"]);
      assert.deepEqual(await store.listRefs("none/"), []);
      assert.deepEqual(await store.listRefs("../"), []);
      assert.deepEqual(await store.listRefs("/"), []);
    });

    test("nothing is there at first", async () => {
      const { store } = await open();
      assert.deepEqual(await store.listRefs(""), []);
      assert.deepEqual(await store.refVersions("channels/latest"), []);
      assert.equal(await store.readRef("channels/latest", 1), undefined);
    });

    for (const name of [
      "",
      "/a",
      "a/",
      "a//b",
      ".",
      "a/..",
      "../a",
      "a/.../b",
      "a b",
      "ä",
      "a\0b",
      "a\\b",
      "1.json",
      "a/7.json",
    ])
      test(`the name ${JSON.stringify(name)} is refused`, async () => {
        const { store } = await open();
        await assert.rejects(store.createRef(name, 1, text("x")), failsWith("bad_name"));
        assert.equal(await store.readRef(name, 1), undefined);
        assert.deepEqual(await store.refVersions(name), []);
        assert.deepEqual(await store.listRefs(""), []);
      });

    for (const version of [0, -1, 1.5, NaN, Infinity])
      test(`the number ${version} is refused`, async () => {
        const { store } = await open();
        await assert.rejects(store.createRef("a", version, text("x")), failsWith("internal"));
        assert.equal(await store.readRef("a", version), undefined);
      });
  });
}
