import assert from "node:assert/strict";
import { test } from "node:test";
import { snapshotTime } from "../base/names.ts";
import type { SnapshotRecord } from "./record.ts";
import { RootTimes, addRootTimes } from "./root-times.ts";

const [ONE, TWO, THREE] = ["20261101T000000Z", "20261102T000000Z", "20261103T000000Z"];
const root = (sha256: string, path = "InRelease") => ({ path, sha256 });

test("a root has the time of the first snapshot with its bytes, at its path, in whatever order they are read", () => {
  const times = new RootTimes();
  times.add(THREE, [root("a"), root("c", "other")]);
  times.add(ONE, [root("a"), root("b", "other")]);
  times.add(TWO, [root("d")]);
  assert.equal(times.of(root("a")), snapshotTime(ONE));
  assert.equal(times.of(root("d")), snapshotTime(TWO));
  assert.equal(times.of(root("c", "other")), snapshotTime(THREE));
  assert.equal(times.of(root("a", "other")), undefined);
});

test("each record is read once, and one that cannot be read costs nothing but its dates", async () => {
  const times = new RootTimes();
  const reads: string[] = [];
  const read = async (id: string) => {
    reads.push(id);
    if (id === TWO) throw new Error("damaged");
    return { roots: [root(id)] } as unknown as SnapshotRecord;
  };
  await addRootTimes(times, [ONE, TWO], read);
  await addRootTimes(times, [ONE, TWO, THREE, THREE], read);
  assert.deepEqual(reads.toSorted(), [ONE, TWO, THREE]);
  assert.deepEqual([times.of(root(TWO)), times.of(root(THREE))], [undefined, snapshotTime(THREE)]);
});
