import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { memoryStore } from "../store/memory.ts";
import type { Limits } from "./limits.ts";
import { ID, RELEASE, addSnapshot, ask, point, sampleStore, serve } from "./site.test-helper.ts";

const ROOT_URL = "/debian/stable/dists/stable/InRelease";
/** More than the kernel takes for a client that reads nothing. */
const HUGE = Buffer.alloc(12 * 2 ** 20);

async function hugeStore() {
  const store = memoryStore();
  const root = { bytes: RELEASE, kind: "root" as const };
  await addSnapshot(store, "debian", ID, {
    "pool/huge.deb": { bytes: HUGE },
    "dists/stable/InRelease": root,
  });
  await point(store, "stable", { debian: ID }, 0);
  return store;
}

/** A connection that has sent this text; `got` is all that came, and `ended` is resolved at its end. */
async function opened(t: TestContext, url: string, text: string, paused = false) {
  const socket: Socket = connect(Number(new URL(url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  if (text !== "") socket.write(text);
  const state = {
    socket,
    got: "",
    ended: new Promise<void>((resolve) => socket.once("close", () => resolve())),
  };
  if (!paused) socket.on("data", (chunk: Buffer) => (state.got += chunk.toString("latin1")));
  return state;
}

test("many slow clients do not keep others from being served", async (t) => {
  const { url, lines } = await serve(t, await hugeStore(), { freshMs: 250 });
  const half = `GET ${ROOT_URL} HTTP/1.1\r\nHost: x\r\nX-Slow: `;
  const slow = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      if (at % 4 === 0) return opened(t, url, "");
      if (at % 4 === 1) return opened(t, url, half);
      const get = `GET /debian/stable/pool/huge.deb HTTP/1.1\r\nHost: x\r\n\r\n`;
      return opened(t, url, at % 4 === 2 ? get : get.repeat(20), true);
    }),
  );
  for (let round = 0; round < 5; round++) {
    for (const { socket } of slow.filter((_, at) => at % 4 === 1)) socket.write("x");
    const normal = await Promise.all(Array.from({ length: 20 }, () => ask(url, ROOT_URL)));
    assert.ok(normal.every(({ status, body }) => status === 200 && body.toString() === RELEASE));
  }
  // Those that were slow with their request get their answer all the same.
  for (const { socket } of slow.filter((_, at) => at % 4 === 1))
    socket.write("\r\nConnection: close\r\n\r\n");
  const late = slow.filter((_, at) => at % 4 === 1);
  await Promise.all(late.map(({ ended }) => ended));
  assert.ok(late.every(({ got }) => got.startsWith("HTTP/1.1 200 ") && got.endsWith(RELEASE)));
  assert.equal(lines.filter(({ fault }) => fault !== undefined).length, 0);
  // Else the server would wait for them when it is closed.
  for (const { socket } of slow) socket.destroy();
});

const short = (limits: Partial<Limits>) => ({ limits: { checkMs: 10, ...limits } });

test("a request that does not come to its end is answered 408, and the connection ended", async (t) => {
  const { url } = await serve(t, await sampleStore(), short({ headersMs: 50 }));
  const slow = await opened(t, url, `GET ${ROOT_URL} HTTP/1.1\r\nHost: x\r\n`);
  await slow.ended;
  assert.match(slow.got, /^HTTP\/1\.1 408 /);
});

test("a connection that never asks, or does not ask again, is ended", async (t) => {
  const { url } = await serve(t, await sampleStore(), short({ stallMs: 50, idleMs: 50 }));
  const silent = await opened(t, url, "");
  const idle = await opened(t, url, `GET ${ROOT_URL} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await Promise.all([silent.ended, idle.ended]);
  assert.equal(silent.got, "");
  assert.match(idle.got, /^HTTP\/1\.1 200 .*Suite: stable\n$/s);
});

test("a client that takes nothing of its answer is cut off; that is noted, and no fault of the store", async (t) => {
  const { url, lines } = await serve(t, await hugeStore(), short({ patienceMs: 50 }));
  const get = `GET /debian/stable/pool/huge.deb HTTP/1.1\r\nHost: x\r\n\r\n`;
  const stuck = await opened(t, url, get, true);
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([lines[0]?.complete, lines[0]?.fault], [false, undefined]);
  stuck.socket.resume();
  await stuck.ended;
  assert.match(
    (await ask(url, "/_/metrics")).body.toString(),
    /^sluice_http_incomplete_total\{mirror="debian"\} 1$/m,
  );
});

test("connections over the limit are ended, those within it are served", async (t) => {
  const { url } = await serve(t, await sampleStore(), short({ connections: 3 }));
  const held = await Promise.all(["", "", ""].map((text) => opened(t, url, text)));
  const over = await opened(t, url, `GET ${ROOT_URL} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await over.ended;
  assert.equal(over.got, "");
  held[0]?.socket.destroy();
  await held[0]?.ended;
  let metrics = await ask(url, "/_/metrics").catch(() => undefined);
  while (metrics === undefined) metrics = await ask(url, "/_/metrics").catch(() => undefined);
  assert.match(metrics.body.toString(), /^sluice_http_connections_refused_total\{cause="full"\} [1-9]/m);
});
