import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openDirectoryStore } from "../store/directory/open.ts";
import { flipBit, blobFile, tempFolders } from "../store/directory/temp.test-helper.ts";
import { constantRate } from "../upstream/bandwidth.ts";
import { readScrubRecord, writeScrubRecord } from "./scrub-record.ts";
import { startScrubber, type Scrubber, type ScrubberOptions, type Scrubbing } from "./scrubber.ts";

const folder = tempFolders();
const SIZE = 100_000;
const FAST: Scrubbing = { rate: [], everyMs: 1_000_000 };
const TIMES = { delayMs: 0, retryMs: 20, reportMs: 10, stopMs: 5_000 };

/** A store of so many blobs of SIZE bytes; their names, sorted. */
async function storeOf(count: number): Promise<{ data: string; names: string[] }> {
  const data = `${folder()}/data`;
  const store = await openDirectoryStore(data);
  const session = await store.begin();
  const names: string[] = [];
  for (let at = 0; at < count; at++) {
    const { sha256 } = await session.putBlob(Buffer.alloc(SIZE, `blob ${at} `), { digests: {} });
    names.push(sha256);
  }
  await session.end();
  await store.close();
  return { data, names: names.toSorted() };
}

interface Started {
  readonly scrubber: Scrubber;
  readonly found: string[];
  readonly said: string[];
}

function start(t: TestContext, data: string, options: Partial<ScrubberOptions> = {}): Started {
  const found: string[] = [];
  const said: string[] = [];
  const scrubber = startScrubber({
    data,
    scrubbing: FAST,
    found: ({ code, message }) => found.push(`${code} ${message}`),
    trouble: (sentence) => said.push(`trouble: ${sentence}`),
    note: (sentence) => said.push(sentence),
    times: TIMES,
    ...options,
  });
  t.after(() => scrubber.close());
  return { scrubber, found, said };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1500; attempt++) {
    if (await holds()) return;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

test("a pass in a process of its own: what is bad is told and counted, the end is remembered, the next waits", async (t) => {
  const { data, names } = await storeOf(5);
  flipBit(blobFile(data, names[2] ?? ""));
  const { scrubber, found, said } = start(t, data);
  await until("the end of a pass", () => said.length > 0);
  assert.deepEqual(found, [
    `blob_corrupt Blob ${names[2]} has changed in the store; no snapshot that can be read needs it, so that \`sluice gc\` may remove it.`,
  ]);
  assert.deepEqual(said, [
    "The scrub of the store has read 0.0 GB in 1 min and found 1 thing wrong, told above.",
  ]);
  const totals = scrubber.totals();
  assert.deepEqual([totals?.ratio, totals?.bytes, totals?.found], [1, 5 * SIZE, { blob_corrupt: 1 }]);
  assert.ok((totals?.cpuSeconds ?? 0) > 0);
  const { now, last } = await readScrubRecord(data);
  assert.deepEqual([now, last?.bytes, last?.found], [undefined, 5 * SIZE, 1]);
  assert.ok(last !== undefined && last.ended >= last.begun);
  await sleep(300);
  assert.equal(said.length, 1);
  // Another server of this store has nothing to do either.
  const other = start(t, data);
  await sleep(500);
  assert.deepEqual([other.said, other.scrubber.totals()?.last], [[], last]);
});

test("passes come every so often", async (t) => {
  const { data } = await storeOf(1);
  const { said } = start(t, data, { scrubbing: { rate: [], everyMs: 1 } });
  await until("three passes", () => said.length >= 3);
  assert.ok(said.every((one) => one.endsWith("found nothing wrong.")));
});

test("the rate is held, a server that stops does not wait for the pass, and the next one goes on with it", async (t) => {
  const { data, names } = await storeOf(40);
  const rate = 10 * SIZE;
  const slow = start(t, data, { scrubbing: { rate: constantRate(rate), everyMs: 1_000_000 } });
  await until("some blobs", () => (slow.scrubber.totals()?.bytes ?? 0) > 5 * SIZE);
  const [before, at] = [slow.scrubber.totals()?.bytes ?? 0, performance.now()];
  await sleep(1000);
  const running = slow.scrubber.totals();
  const perSecond = ((running?.bytes ?? 0) - before) / ((performance.now() - at) / 1000);
  assert.ok(perSecond < 1.5 * rate && perSecond > 0, `${perSecond} bytes a second`);
  assert.ok(running !== undefined && running.ratio > 0 && running.ratio < 1 && running.residentBytes > 0);
  const closing = performance.now();
  await slow.scrubber.close();
  assert.ok(performance.now() - closing < 2500, "it stops soon");
  const { now } = await readScrubRecord(data);
  assert.ok(now !== undefined && now.at.phase === "blobs" && names.includes(now.at.after));
  assert.deepEqual(slow.said, []);

  // A bad blob that was read before is left to the next pass; one behind is found.
  const left = names.indexOf(now.at.after);
  flipBit(blobFile(data, names[0] ?? ""));
  flipBit(blobFile(data, names[39] ?? ""));
  const next = start(t, data);
  await until("the end of the pass", () => next.said.length > 0);
  assert.equal(next.scrubber.totals()?.bytes, (39 - left) * SIZE);
  assert.deepEqual(
    next.found.map((one) => one.slice(18, 18 + 64)),
    [names[39]],
  );
  const { last } = await readScrubRecord(data);
  assert.deepEqual([last?.begun, last?.bytes], [now.begun, now.bytes + (39 - left) * SIZE]);
});

test("a scrub that is killed is told, and goes on", async (t) => {
  const { data } = await storeOf(20);
  const { scrubber, said } = start(t, data, {
    scrubbing: { rate: constantRate(10 * SIZE), everyMs: 1_000_000 },
  });
  await until("some blobs", () => (scrubber.totals()?.bytes ?? 0) > 3 * SIZE);
  process.kill(childOf(process.pid), "SIGKILL");
  await until("a sentence", () => said.length > 0);
  assert.equal(said[0], "trouble: The scrub of the store stopped, and goes on later: it has ended (SIGKILL)");
  await scrubber.reload(FAST);
  await until("the end of the pass", () => said.length > 1);
  assert.match(said[1] ?? "", /found nothing wrong\.$/);
});

test("one process at a time scrubs a store; the other waits without a word", async (t) => {
  const { data } = await storeOf(1);
  const store = await openDirectoryStore(data);
  const held = await store.lock("scrub", "test");
  const { said } = start(t, data);
  await sleep(1500);
  assert.deepEqual(said, []);
  await held.release();
  await until("the end of a pass", () => said.length > 0);
  await store.close();
});

test("where nothing is to be scrubbed nothing is, until it is told otherwise", async (t) => {
  const { data } = await storeOf(1);
  const { scrubber, said } = start(t, data, { scrubbing: undefined });
  await sleep(300);
  assert.deepEqual([scrubber.totals(), said], [undefined, []]);
  await scrubber.reload(FAST);
  await until("the end of a pass", () => said.length > 0);
  await scrubber.reload(undefined);
  assert.equal(scrubber.totals(), undefined);
});

test("what is remembered may be lost or damaged: then a pass begins anew", async () => {
  const { data } = await storeOf(0);
  assert.deepEqual(await readScrubRecord(data), {});
  const last = { begun: 1, ended: 5, bytes: 7, found: 0 };
  const now = { begun: 6, bytes: 8, found: 1, at: { phase: "blobs" as const, after: "ab" } };
  for (const record of [{ last }, { now }, { now, last }]) {
    await writeScrubRecord(data, record);
    assert.deepEqual(await readScrubRecord(data), record);
  }
  const file = `${data}/scrub.json`;
  const whole = readFileSync(file, "utf8");
  for (const [text, read] of [
    ["", {}],
    ["null", {}],
    [whole.slice(0, 40), {}],
    [whole.replace('"format": 1', '"format": 2'), {}],
    [whole.replace('"blobs"', '"globs"'), { last }],
    [whole.replace('"ended": 5', '"ended": -5'), { now }],
    [whole.replace('"after": "ab"', '"after": 7'), { last }],
    [whole.replace('"at": {', '"ut": {'), {}],
  ] as const) {
    writeFileSync(file, text);
    assert.deepEqual(await readScrubRecord(data), read, text);
  }
});

function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const own = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, "utf8").includes("scrub-process"),
  );
  return Number(own);
}
