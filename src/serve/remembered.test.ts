import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../store/memory.ts";
import { addSnapshot, ask, point, serve } from "./site.test-helper.ts";

const [ONE, TWO] = ["20261101T000000Z", "20261102T000000Z"];
const HOUR = 3_600_000;

async function setUp() {
  const store = memoryStore();
  for (const [id, body] of [
    [ONE, "first"],
    [TWO, "second"],
  ] as const) {
    const files = { "dists/stable/InRelease": { bytes: body, kind: "root" as const } };
    await addSnapshot(store, "debian", id, { ...files, [`pool/${body}.deb`]: { bytes: body } });
  }
  await point(store, "stable", { debian: ONE }, 0);
  return store;
}

test("a request that was answered before is answered anew when its channel has moved", async (t) => {
  const store = await setUp();
  const { url, lines } = await serve(t, store, { freshMs: 20 });
  const path = "/debian/stable/dists/stable/InRelease";
  const body = async () => (await ask(url, path)).body.toString();
  for (const [id, wanted] of [
    [ONE, "first"],
    [TWO, "second"],
    [ONE, "first"],
  ] as const) {
    await point(store, "stable", { debian: id }, 0);
    while ((await body()) !== wanted);
    for (let at = 0; at < 20; at++) assert.equal(await body(), wanted);
  }
  assert.ok(
    lines.every(({ mirror, at, status }) => mirror === "debian" && at === "stable" && status === 200),
  );
});

test("a file that only has grace is not remembered past its grace", async (t) => {
  const store = await setUp();
  await point(store, "stable", { debian: TWO }, 0);
  let now = HOUR;
  const { url } = await serve(t, store, { freshMs: 20, graceMs: 2 * HOUR, clock: () => now });
  const status = async () => (await ask(url, "/debian/stable/pool/first.deb")).status;
  for (let at = 0; at < 5; at++) assert.equal(await status(), 200);
  now = 3 * HOUR;
  while ((await status()) !== 404);
  for (let at = 0; at < 20; at++) assert.equal(await status(), 404);
  assert.equal((await ask(url, "/debian/stable/pool/second.deb")).status, 200);
});
