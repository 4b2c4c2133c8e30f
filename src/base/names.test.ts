import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  checkChannelName,
  checkMirrorName,
  isName,
  nextSnapshotId,
  snapshotId,
  snapshotTime,
} from "./names.ts";

test("an id is a UTC time without colons, and reads back", () => {
  const time = Date.UTC(2026, 10, 21, 4, 0, 0);
  assert.equal(snapshotId(time), "20261121T040000Z");
  assert.equal(snapshotTime("20261121T040000Z"), time);
});

test("ids strictly increase, even when the clock steps back or stands still", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4e12 }), { minLength: 2 }), (times) => {
      let last: string | undefined;
      for (const time of times) {
        const id = nextSnapshotId(time, last);
        assert.ok(last === undefined || id > last, `${id} after ${last}`);
        last = id;
      }
    }),
  );
});

test("names are lower case, without separators, and not shaped like an id", () => {
  for (const good of ["debian", "a", "ubuntu-24.04", "x_y", "9"]) assert.ok(isName(good), good);
  for (const bad of ["", "Debian", "a/b", "..", ".a", "-a", "a b", "20261121t040000z", "a\n", "é"])
    assert.ok(!isName(bad), bad);
});

test("reserved names are refused where they would hide something", () => {
  assert.throws(() => checkMirrorName("v2"), { code: "bad_name" });
  assert.throws(() => checkChannelName("live"), { code: "bad_name" });
  assert.equal(checkMirrorName("live"), "live");
});
