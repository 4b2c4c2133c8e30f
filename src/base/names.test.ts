import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  checkChannelName,
  checkMirrorName,
  isName,
  isSnapshotId,
  nextSnapshotId,
  snapshotId,
  snapshotTime,
} from "./names.ts";

test("an id is a UTC time without colons, and reads back", () => {
  const time = Date.UTC(2026, 10, 21, 4, 0, 0);
  assert.equal(snapshotId(time), "20261121T040000Z");
  assert.equal(snapshotTime("20261121T040000Z"), time);
});

test("an id is a time that there is", () => {
  for (const good of ["20261121T040000Z", "20240229T235959Z"]) assert.ok(isSnapshotId(good), good);
  const bad = [
    "20301301T000000Z",
    "20300230T000000Z",
    "20301210T240000Z",
    "20301210T236100Z",
    "20301210T235960Z",
  ];
  for (const text of [...bad, "20261121t040000z", "2026-11-21T04:00:00Z", "", "stable"])
    assert.ok(!isSnapshotId(text), text);
  assert.ok(!isName("20301301t000000z"), "nor is what only looks like one a name");
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
  for (const bad of [
    "",
    "Debian",
    "a/b",
    "..",
    ".a",
    "-a",
    "a b",
    "20261121t040000z",
    "a\n",
    "é",
    "7.json",
    "constructor",
  ])
    assert.ok(!isName(bad), bad);
});

test("reserved names are refused where they would hide something", () => {
  assert.throws(() => checkMirrorName("v2"), { code: "bad_name" });
  assert.throws(() => checkChannelName("live"), { code: "bad_name" });
  assert.equal(checkMirrorName("live"), "live");
});
