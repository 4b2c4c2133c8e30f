import assert from "node:assert/strict";
import { test } from "node:test";
import { constantRate, type Bandwidth } from "./bandwidth.ts";
import { createBucket, type Bucket } from "./bucket.ts";
import type { Transport } from "./contract.ts";
import { throttle, throttled } from "./throttle.ts";
import { fakeTiming, type FakeTiming } from "./timing.test-helper.ts";

const NOON = new Date(2026, 10, 20, 12).getTime();
const MB = 1_000_000;

async function* body(bytes: number, chunk = 65_536): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= chunk) yield new Uint8Array(Math.min(left, chunk));
}

/** Reads a body to its end, and tells at which second its last byte came. */
async function readAt(timing: FakeTiming, source: AsyncIterable<Uint8Array>): Promise<number> {
  const start = timing.time;
  for await (const _ of source);
  return (timing.time - start) / 1000;
}

/** What the bodies take in seconds of fake time, all at once through the buckets. */
async function race(
  timing: FakeTiming,
  buckets: readonly Bucket[],
  sizes: readonly number[],
): Promise<number[]> {
  const done = Promise.all(
    sizes.map(async (size) => readAt(timing, throttle(body(size), buckets, undefined))),
  );
  await timing.run();
  return done;
}

function near(found: number | undefined, wanted: number): void {
  assert.ok(
    found !== undefined && Math.abs(found - wanted) <= wanted * 0.1,
    `${found} is not about ${wanted}`,
  );
}

test("ten seconds' worth of bytes takes ten seconds, with few timers", async () => {
  const timing = fakeTiming(NOON);
  const [seconds] = await race(timing, [createBucket(constantRate(MB), timing)], [10 * MB]);
  near(seconds, 10);
  assert.ok(timing.set < 400, `${timing.set} timers`);
});

test("pieces larger than the rate wait for their debt, and nothing is lost of them", async () => {
  const timing = fakeTiming(NOON);
  const bucket = createBucket(constantRate(2000), timing);
  const chunks: Uint8Array[] = [];
  const text = Buffer.from("0123456789".repeat(2000));
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield text;
  }
  const read = (async () => {
    for await (const chunk of throttle(whole(), [bucket], undefined)) chunks.push(chunk);
  })();
  await timing.run();
  await read;
  assert.deepEqual(Buffer.concat(chunks), text);
  near((timing.time - NOON) / 1000, 10);
});

test("parallel bodies share the rate, and a small one does not wait for the big ones", async () => {
  const timing = fakeTiming(NOON);
  const bucket = createBucket(constantRate(MB), timing);
  const [small = 0, ...big] = await race(timing, [bucket], [100_000, 5 * MB, 5 * MB, 5 * MB]);
  assert.ok(small < 1, `the small one took ${small} s`);
  for (const seconds of big) near(seconds, 15);
});

test("the narrower of two buckets counts, and two mirrors share the wide one", async () => {
  const timing = fakeTiming(NOON);
  const all = createBucket(constantRate(3 * MB), timing);
  const slow = createBucket(constantRate(MB), timing);
  const free = createBucket([], timing);
  const done = Promise.all([
    readAt(timing, throttle(body(5 * MB), [slow, all], undefined)),
    readAt(timing, throttle(body(10 * MB), [free, all], undefined)),
  ]);
  await timing.run();
  const [a, b] = await done;
  near(a, 5);
  near(b, 5);
});

test("a window that begins in the middle of a download slows it, its end frees it at once", async () => {
  const windows: Bandwidth = [
    { days: [], from: 12 * 60 + 1, to: 12 * 60 + 2, rate: 1000 },
    { days: [], from: 0, to: 24 * 60, rate: MB },
  ];
  const timing = fakeTiming(NOON + 50_000);
  const bucket = createBucket(windows, timing);
  // 10 MB before the minute begins, next to nothing in it, 5 MB after it.
  const [seconds] = await race(timing, [bucket], [15 * MB]);
  near(seconds, 75);
});

test("a wait under a slow window ends with it, however long it would have been", async () => {
  const windows: Bandwidth = [{ days: [], from: 12 * 60, to: 12 * 60 + 1, rate: 1 }];
  const timing = fakeTiming(NOON + 1000);
  const bucket = createBucket(windows, timing);
  const done = Promise.all([bucket.take(10_000), bucket.take(1), bucket.take(1)]);
  await timing.run();
  await done;
  assert.equal(timing.time, NOON + 60_000);
});

test("a clock that is set back or forward neither stalls nor floods", async () => {
  const timing = fakeTiming(NOON);
  const bucket = createBucket(constantRate(1000), timing);
  await bucket.take(1000);
  timing.time -= 3_600_000;
  const waited = bucket.take(1000);
  await timing.run();
  await waited;
  assert.ok(timing.time < NOON - 3_590_000);
  timing.time += 86_400_000;
  const after = timing.time;
  const many = Promise.all([bucket.take(1000), bucket.take(1000), bucket.take(1000)]);
  await timing.run();
  await many;
  near((timing.time - after) / 1000, 1.75);
});

test("an abort ends a wait at once, with its reason, and leaves no timer behind", async () => {
  const timing = fakeTiming(NOON);
  const bucket = createBucket(constantRate(1000), timing);
  await bucket.take(100_000);
  const stop = new AbortController();
  let returned = false;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(10);
    } finally {
      returned = true;
    }
  }
  const read = throttle(watched(), [bucket], stop.signal)[Symbol.asyncIterator]().next();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(timing.pending, 1);
  stop.abort(new Error("stopped"));
  await assert.rejects(read, { message: "stopped" });
  assert.equal(timing.pending, 0);
  assert.ok(returned, "the source was given up");
  await assert.rejects(bucket.take(1, stop.signal), { message: "stopped" });
});

test("a body that waits may leave the queue without holding up the others", async () => {
  const timing = fakeTiming(NOON);
  const bucket = createBucket(constantRate(1000), timing);
  await bucket.take(1000);
  const stop = new AbortController();
  const first = bucket.take(1_000_000, stop.signal);
  const second = bucket.take(1);
  stop.abort(new Error("stopped"));
  await assert.rejects(first, { message: "stopped" });
  await timing.run();
  await second;
  near((timing.time - NOON) / 1000, 0.75);
});

test("a transport is throttled in its bodies alone, and given up without being read", async () => {
  let given = false;
  const distrusted: string[] = [];
  const transport: Transport = {
    name: "http://deb.example.org/",
    requests: 7,
    fetch: ({ from }) =>
      Promise.resolve(
        from === "gone"
          ? { status: "absent" }
          : {
              status: "ok",
              start: 0,
              validators: {},
              body: {
                [Symbol.asyncIterator]: () => ({
                  next: () => Promise.resolve({ done: true, value: undefined }),
                  return: () => {
                    given = true;
                    return Promise.resolve({ done: true, value: undefined });
                  },
                }),
              },
            },
      ),
    distrust: async (from) => void distrusted.push(from),
    close: () => Promise.resolve(),
  };
  assert.equal(throttled(transport, []), transport);
  const slow = throttled(transport, [createBucket(constantRate(1), fakeTiming(NOON))]);
  assert.deepEqual([slow.name, slow.requests], [transport.name, 7]);
  assert.deepEqual(await slow.fetch({ from: "gone" }), { status: "absent" });
  const reply = await slow.fetch({ from: "a" });
  assert.ok(reply.status === "ok");
  await reply.body[Symbol.asyncIterator]().return?.();
  assert.ok(given);
  await slow.distrust?.("a");
  assert.deepEqual(distrusted, ["a"]);
});
