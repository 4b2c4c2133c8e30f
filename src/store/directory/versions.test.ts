import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { text } from "../suite-tools.test-helper.ts";
import { startChild } from "./children.test-helper.ts";
import { placeAt } from "./layout.ts";
import { tempStores } from "./temp.test-helper.ts";
import { createVersion } from "./versions.ts";

const open = tempStores();

test("of several processes exactly one wins each version", async () => {
  const store = await open();
  const children = Array.from({ length: 3 }, () => startChild("refs", store.root, "channels/latest", "40"));
  for (const child of children) assert.equal(await child.line(), "ready");
  for (const child of children) child.tell("go\n");
  const winners = new Map<number, number>();
  for (const child of children) {
    const { pid, won } = JSON.parse(await child.line()) as { pid: number; won: number[] };
    for (const version of won) {
      assert.equal(winners.get(version), undefined, `two won version ${version}`);
      winners.set(version, pid);
    }
    await child.kill();
  }
  assert.equal(winners.size, 40);
  for (const [version, pid] of winners)
    assert.equal((await store.readRef("channels/latest", version))?.toString(), `by ${pid}`);
});

test("without hard links a rename under a lock does the same", async () => {
  const store = await open();
  const place = placeAt(store.root, systemClock);
  const noLinks = async (): Promise<void> => {
    throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
  };
  const won = await Promise.all(
    Array.from({ length: 5 }, (_, index) => createVersion(place, "a/b", 1, text(`${index}`), noLinks)),
  );
  assert.equal(won.filter(Boolean).length, 1);
  assert.equal((await store.readRef("a/b", 1))?.toString(), `${won.indexOf(true)}`);
  assert.equal(await store.createRef("a/b", 1, text("late")), false);
  assert.deepEqual(readdirSync(`${store.root}/refs/a/b`), ["1.json"]);
});

test("no temporary file is left behind, whoever wins", async () => {
  const store = await open();
  await Promise.all(Array.from({ length: 5 }, () => store.createRef("a", 1, text("x"))));
  assert.deepEqual(readdirSync(`${store.root}/tmp`), ["partial"]);
});
