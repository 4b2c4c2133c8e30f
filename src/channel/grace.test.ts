import assert from "node:assert/strict";
import { test } from "node:test";
import type { SnapshotRecord } from "../snapshot/record.ts";
import type { Channel } from "./channels.ts";
import { graceSnapshots } from "./grace.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 12);

// Each step: hours ago, id. The content of `s<n>` is dated n.
function history(...steps: [number, string][]): Channel[] {
  return steps.map(([ago, id], at) => ({
    format: 1,
    ref: "channels/c",
    version: at + 1,
    previous: null,
    at: new Date(NOW - ago * HOUR).toISOString(),
    by: "",
    site: "",
    why: "",
    sha256: "",
    body: { channel: "c", mirrors: { m: id } },
  }));
}

function record(id: string): SnapshotRecord {
  const claims = [{ root: "r", signers: [], date: Number(id.slice(1)), names: [], weak: [] }];
  return { id, claims } as unknown as SnapshotRecord;
}

const grace = (steps: Channel[]): string[] => graceSnapshots(steps, "m", NOW, 24 * HOUR, record);

test("what left the channel within the grace time is still served, newest first; what left earlier is not", () => {
  assert.deepEqual(grace(history([90, "s1"], [60, "s2"], [20, "s3"], [1, "s4"])), ["s3", "s2"]);
});

test("after a move back, grace lasts until the channel's date has passed the abandoned one's", () => {
  assert.deepEqual(grace(history([900, "s1"], [800, "s5"], [700, "s1"])), ["s5"]);
  assert.deepEqual(grace(history([900, "s1"], [800, "s5"], [700, "s1"], [600, "s4"])), ["s5"]);
  assert.deepEqual(grace(history([900, "s1"], [800, "s5"], [700, "s1"], [600, "s6"])), []);
});

test("the current one has no need of grace, and one that is gone cannot have it", () => {
  assert.deepEqual(grace(history([3, "s1"], [2, "s2"], [1, "s1"])), ["s2"]);
  assert.deepEqual(
    graceSnapshots(history([3, "s1"], [2, "s2"]), "m", NOW, 24 * HOUR, () => undefined),
    [],
  );
});

test("what left by a clock that was wrong has grace until the channel has moved by one that can be right", () => {
  const YEARS = 10 * 365 * 24;
  for (const wrong of [YEARS, -YEARS]) {
    assert.deepEqual(grace(history([90, "s1"], [wrong, "s2"])), ["s1"]);
    assert.deepEqual(grace(history([90, "s1"], [wrong, "s2"], [20, "s3"])), ["s2", "s1"]);
    assert.deepEqual(grace(history([90, "s1"], [wrong, "s2"], [30, "s3"], [20, "s4"])), ["s3"]);
  }
});

test("what left before nobody knows when counts as of the end of that", () => {
  const steps = history([90, "s1"], [60, "s2"], [1, "s3"]);
  const since = (ago: number) => graceSnapshots(steps, "m", NOW, 24 * HOUR, record, NOW - ago * HOUR);
  assert.deepEqual(since(50), ["s2"]);
  assert.deepEqual(since(5), ["s2", "s1"]);
});
