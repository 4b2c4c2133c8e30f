import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { giveUp } from "../body.ts";
import { serve, textOf, transportTo } from "../server.test-helper.ts";

for (const status of [408, 425, 429, 500, 502, 503, 504]) {
  test(`${String(status)} is asked again`, async (t) => {
    let count = 0;
    const { url } = await serve(t, (_, response) => {
      if (++count < 3) response.writeHead(status).end("busy");
      else response.end("done");
    });
    const { transport, waits, events } = transportTo(t, url);
    assert.equal(await textOf(await transport.fetch({ from: "x?sig=1" })), "done");
    assert.equal(transport.requests, 3);
    assert.equal(waits.length, 2);
    assert.deepEqual(events[0], {
      event: "retry",
      url: `${url}x`,
      attempt: 1,
      waitMs: waits[0],
      reason: `${new URL(url).host} answered ${String(status)}`,
    });
  });
}

test("a server that stays busy is given up after the retries", async (t) => {
  const { url, asked } = await serve(t, (_, response) => {
    response.writeHead(503).end();
  });
  const { transport, waits } = transportTo(t, url, { retries: 2 });
  await assert.rejects(transport.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /answered 503/,
  });
  assert.equal(asked.length, 3);
  assert.equal(waits.length, 2);
});

test("Retry-After is waited for", async (t) => {
  const headers = ["7", new Date(Date.now() + 60_000).toUTCString(), "99999"];
  const { url } = await serve(t, (_, response) => {
    const after = headers.shift();
    if (after === undefined) response.end();
    else response.writeHead(429, { "retry-after": after }).end();
  });
  const { transport, waits } = transportTo(t, url);
  await textOf(await transport.fetch({ from: "x" }));
  const [seconds, date, long] = waits;
  assert.equal(seconds, 7000);
  assert.ok(date !== undefined && date > 50_000 && date <= 60_000);
  assert.equal(long, 120_000);
});

test("a connection that breaks before the answer is asked again", async (t) => {
  let count = 0;
  const { url } = await serve(t, (request, response) => {
    if (++count < 3) request.socket.resetAndDestroy();
    else response.end("done");
  });
  const { transport, waits } = transportTo(t, url);
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "done");
  assert.equal(waits.length, 2);
});

test("a refused connection is retried, then named with host and reason", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const url = `http://user:secret@127.0.0.1:${String(port)}/`;
  const { transport, waits } = transportTo(t, url, { retries: 2 });
  await assert.rejects(transport.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: `Cannot fetch http://127.0.0.1:${String(port)}/x: 127.0.0.1:${String(port)} refused the connection.`,
  });
  assert.equal(waits.length, 2);
  assert.equal(transport.requests, 0);
});

test("a name that DNS does not know is not retried", async (t) => {
  const { transport, waits } = transportTo(t, "http://nowhere.invalid/");
  await assert.rejects(transport.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /nowhere\.invalid has a name that DNS (does not know|cannot look up now)/,
  });
  assert.ok(waits.length === 0 || waits.length === 4);
});

test("what is not HTTP is said so", async (t) => {
  const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const { transport } = transportTo(t, url, { retries: 1 });
  await assert.rejects(transport.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /is not HTTP/,
  });
});

test("an abort ends the wait between retries", async (t) => {
  const { url } = await serve(t, (_, response) => {
    response.writeHead(503, { "retry-after": "60" }).end();
  });
  const stop = new AbortController();
  const reason = new Error("enough");
  const { transport } = transportTo(t, url, {
    sleep: undefined,
    emit: () => setTimeout(() => stop.abort(reason), 10),
  });
  await assert.rejects(transport.fetch({ from: "x", signal: stop.signal }), reason);
});

test("a body that breaks before anyone reads it, or that nobody reads, harms nothing", async (t) => {
  let last: (() => void) | undefined;
  const { url, sockets } = await serve(t, (request, response) => {
    response.writeHead(200, { "content-length": 10 }).write("hello");
    last = () => request.socket.resetAndDestroy();
  });
  const { transport } = transportTo(t, url, { connections: 1 });
  const broken = await transport.fetch({ from: "x" });
  last?.();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(textOf(broken), { code: "upstream_unreachable" });

  const unread = await transport.fetch({ from: "x" });
  assert.ok(unread.status === "ok");
  await giveUp(unread.body);
  const next = await transport.fetch({ from: "x" });
  assert.equal(next.status, "ok");
  assert.equal(sockets.size, 3);
});

test("a broken pipeline: the request at its head fails, those behind it are sent again and counted", async (t) => {
  let breaks = false;
  const { url } = await serve(t, (request, response) => {
    if (breaks) {
      breaks = false;
      response.writeHead(200, { "content-length": 10 }).write("hello");
      setTimeout(() => request.socket.resetAndDestroy(), 20);
    } else response.end("done");
  });
  const { transport, waits } = transportTo(t, url, { connections: 1, pipelining: 3 });
  const ask = async () => textOf(await transport.fetch({ from: "x" }));
  // Three are sent ahead only to a server that has answered two of them.
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(transport.requests, 3);
  breaks = true;
  const [first, second, third] = await Promise.allSettled([ask(), ask(), ask()]);
  assert.equal(first.status, "rejected");
  assert.deepEqual(
    [second, third].map((settled) => settled.status === "fulfilled" && settled.value),
    ["done", "done"],
  );
  assert.equal(transport.requests, 3 + 5);
  assert.deepEqual(waits, []);
});
