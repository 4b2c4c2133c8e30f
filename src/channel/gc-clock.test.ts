import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { publish, rig, START, type Rig } from "../sync/rig.test-helper.ts";
import { collectGarbage, type GcResult } from "./gc.ts";
import type { Keep } from "./retention.ts";
import { listSnapshots } from "../snapshot/snapshots.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const JUMP = 3650 * DAY;

const gc = async (made: Rig, keep: Keep = { last: 1 }): Promise<GcResult> =>
  collectGarbage(made.site, new Map([["toy", keep]]), false);

let published = 0;

// The upstream's dates are right: old enough for any clock here, and going forward.
async function sync(made: Rig, content: string): Promise<void> {
  publish(made.upstream, START - 2 * JUMP + ++published * 1000, { a: content });
  assert.equal((await made.sync()).result, "updated");
}

async function putGarbage({ site: { store } }: Rig): Promise<void> {
  const session = await store.begin();
  await session.putBlob(Buffer.from("nothing needs this"), { digests: {} });
  await session.end();
}

/** A snapshot that has left `latest` a minute ago, and a blob that has just been condemned. */
async function prepared(): Promise<Rig> {
  const made = rig();
  await sync(made, "one");
  await putGarbage(made);
  made.now += 2 * DAY;
  await sync(made, "two");
  made.now += MINUTE;
  assert.deepEqual(tell(await gc(made)), { gone: 0, condemned: 1, deleted: 0 });
  return made;
}

function tell({ removed, condemnedBlobs, deletedBlobs }: GcResult) {
  return { gone: removed.length, condemned: condemnedBlobs, deleted: deletedBlobs };
}

for (const [what, jumps] of [
  ["ahead", [JUMP]],
  ["behind", [-JUMP]],
  ["ahead, then behind", [JUMP, -JUMP]],
  ["behind, then ahead", [-JUMP, JUMP]],
] as const) {
  test(`gc gives up and deletes nothing because of a clock that was ${what}, and all of it in the end`, async () => {
    const made = await prepared();
    for (const jump of jumps) {
      made.now += jump;
      for (let again = 0; again < 3; again++) {
        assert.deepEqual(tell(await gc(made)), { gone: 0, condemned: 1, deleted: 0 });
        made.now += MINUTE;
      }
      made.now -= jump;
    }
    for (let again = 0; again < 3; again++) {
      assert.deepEqual(tell(await gc(made)), { gone: 0, condemned: 1, deleted: 0 });
      made.now += MINUTE;
    }
    for (let again = 0; again < 3; again++) {
      made.now += made.site.graceMs;
      await gc(made);
    }
    const kept = await listSnapshots(made.site.store, "toy");
    assert.equal(kept.length, 1);
    for (const [, { bytes }] of made.site.store.blobs)
      assert.notEqual(bytes.toString(), "nothing needs this");
  });

  test(`what a sync has moved on by a clock that was ${what} has its grace`, async () => {
    const made = await prepared();
    for (const [nth, jump] of jumps.entries()) {
      made.now += jump;
      await sync(made, `moved ${nth}`);
      made.now += MINUTE - jump;
    }
    assert.equal((await gc(made)).removed.length, 0);
    await sync(made, "right again");
    assert.equal((await gc(made)).removed.length, 0);
    made.now += made.site.graceMs;
    assert.equal((await gc(made)).removed.length, 2 + jumps.length);
  });
}

test("a store whose records are all years old, by a clock that was behind or because nobody came, waits a grace time more", async () => {
  const made = rig();
  made.now -= JUMP;
  for (const content of ["one", "two"]) await sync(made, content);
  made.now += JUMP;
  for (const wait of [0, made.site.graceMs - MINUTE]) {
    made.now += wait;
    assert.equal((await gc(made)).removed.length, 0);
  }
  made.now += MINUTE;
  assert.equal((await gc(made)).removed.length, 1);
});

test("days are told apart by when a snapshot was accepted where the ids go on from a wrong clock's", async () => {
  for (const jump of [JUMP, -JUMP]) {
    const made = rig();
    for (let day = 0; day < 4; day++) {
      const wrong = day === 1 ? jump : 0;
      made.now += DAY + wrong;
      await sync(made, `day ${day}`);
      made.now -= wrong;
    }
    made.now += 2 * made.site.graceMs;
    const { removed } = await gc(made, { daily: 4 });
    assert.deepEqual(removed, []);
    assert.equal((await gc(made, { daily: 2 })).removed.length, 2);
  }
});

test("what a sync has fetched of a file is not swept by a clock that is ahead", async () => {
  const made = await prepared();
  const session = await made.site.store.begin();
  const incoming = await session.incoming({ digests: { sha256: "a".repeat(64) } }, "resume");
  await incoming.append(Readable.from([Buffer.from("half of it")]));
  await incoming.release();
  await session.end();
  made.now += JUMP;
  assert.equal((await gc(made)).freedBytes, 0);
  made.now -= JUMP - made.site.graceMs;
  assert.equal((await gc(made)).freedBytes, 10);
});
