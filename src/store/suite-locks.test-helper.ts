import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failsWith, opener } from "./suite-tools.test-helper.ts";
import type { OpenStore } from "./suite-tools.test-helper.ts";

export function lockSuite(name: string, openStore: OpenStore): void {
  describe(`${name}: locks`, () => {
    const open = opener(openStore);

    test("a second comer is told who holds it", async () => {
      const { store } = await open();
      const held = await store.lock("sync/debian", "sync of debian");
      await assert.rejects(store.lock("sync/debian", "another"), (error) => {
        failsWith("locked")(error);
        assert.match(
          String(error),
          new RegExp(
            `'sync/debian' is held by pid ${process.pid} \\(sync of debian\\) since 20\\d\\d-\\S+ \\S+ UTC`,
          ),
        );
        return true;
      });
      await held.release();
      await (await store.lock("sync/debian", "another")).release();
    });

    test("locks of different names do not meet", async () => {
      const { store } = await open();
      await using _one = await store.lock("sync/a", "a");
      await using _two = await store.lock("sync/b", "b");
      await using _three = await store.lock("sync", "c");
    });

    test("who waits gets it when it is released", async () => {
      const { store } = await open();
      const held = await store.lock("store", "first");
      let released = false;
      const waiting = store.lock("store", "second", { waitMs: 60_000 }).then((lock) => {
        assert.equal(released, true);
        return lock;
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      released = true;
      await held.release();
      await using _second = await waiting;
      // Releasing again must not free what now belongs to another.
      await held.release();
      await assert.rejects(store.lock("store", "third"), failsWith("locked"));
    });

    test("waiting can be broken off", async () => {
      const { store } = await open();
      await using _held = await store.lock("store", "first");
      const controller = new AbortController();
      const waiting = store.lock("store", "second", { waitMs: 60_000, signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      await assert.rejects(waiting, failsWith("interrupted"));
      await assert.rejects(
        store.lock("store", "third", { waitMs: 60_000, signal: AbortSignal.abort() }),
        failsWith("interrupted"),
      );
    });

    test("of many at once one wins, and all get their turn", async () => {
      const { store } = await open();
      let inside = 0;
      let turns = 0;
      await Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          await using _lock = await store.lock("store", `number ${index}`, { waitMs: 60_000 });
          assert.equal(++inside, 1);
          await new Promise((resolve) => setTimeout(resolve, 2));
          inside--;
          turns++;
        }),
      );
      assert.equal(turns, 6);
    });

    test("a closed store holds nothing", async () => {
      const { store, reopen } = await open();
      const held = await store.lock("store", "first");
      await held.release();
      await using _again = await (await reopen()).lock("store", "second");
    });

    for (const name of ["", "../etc", "a b", "/a"])
      test(`the name ${JSON.stringify(name)} is refused`, async () => {
        const { store } = await open();
        await assert.rejects(store.lock(name, "x"), failsWith("bad_name"));
      });
  });
}
