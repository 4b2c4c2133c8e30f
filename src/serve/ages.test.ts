import assert from "node:assert/strict";
import { test } from "node:test";
import { snapshotTime } from "../base/names.ts";
import { memoryStore } from "../store/memory.ts";
import { addSnapshot, ask, ID, point, serve } from "./site.test-helper.ts";

const HOUR = 3_600_000;

test("metrics tell how old the content of each channel is, and when the channel expires", async (t) => {
  const made = snapshotTime(ID);
  const store = memoryStore();
  await addSnapshot(store, "debian", ID, { a: { bytes: "a" } }, made - 2 * HOUR);
  const expires = new Date(made + 24 * HOUR).toISOString();
  await point(store, "stable", { debian: ID }, made, undefined, expires);
  await point(store, "old", { debian: ID }, made);
  const { url } = await serve(t, store, { clock: () => made + HOUR });
  const text = (await ask(url, "/_/metrics")).body.toString();
  assert.match(text, /^sluice_snapshot_age_seconds\{mirror="debian",channel="stable"\} 3600$/m);
  assert.match(text, /^sluice_content_age_seconds\{mirror="debian",channel="stable"\} 10800$/m);
  const until = (made + 24 * HOUR) / 1000;
  assert.match(
    text,
    new RegExp(`^sluice_channel_expires_timestamp_seconds\\{channel="stable"\\} ${until}$`, "m"),
  );
  assert.doesNotMatch(text, /expires_timestamp_seconds\{channel="old"\}/);
});
