import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { serve, textOf, transportTo } from "../server.test-helper.ts";

const HEAD = "hello";
const WHOLE = "hello, world";

type End = "close" | "reset" | "stall";

/** Sends the head of a body, then ends it the wrong way; what its reader gets and the error it meets. */
async function broken(t: TestContext, end: End, chunked: boolean) {
  const { url, asked } = await serve(t, (request, response) => {
    response.writeHead(200, chunked ? {} : { "content-length": WHOLE.length });
    response.write(HEAD, () => {
      if (end === "close") request.socket.end();
      if (end === "reset") setTimeout(() => request.socket.resetAndDestroy(), 10);
    });
  });
  const { transport } = transportTo(t, url, { timeoutSeconds: { body: 0.1 } });
  const reply = await transport.fetch({ from: "x" });
  assert.ok(reply.status === "ok");
  let got = "";
  const read = async () => {
    for await (const chunk of reply.body) got += Buffer.from(chunk).toString();
  };
  const message = end === "stall" ? /stopped sending/ : /broke the connection off/;
  await assert.rejects(read(), { code: "upstream_unreachable", message });
  // A reset may overtake bytes that were sent before.
  if (end !== "reset") assert.equal(got, HEAD);
  assert.equal(asked.length, 1);
}

// Together, for undici looks at its clock but twice a second.
test("what breaks off fails at its reader, and is not asked again here", { concurrency: true }, async (t) => {
  const cases = (["close", "reset", "stall"] as const).flatMap((end) =>
    [true, false].map((chunked) =>
      t.test(`${end}, ${chunked ? "chunked" : "content-length"}`, (t) => broken(t, end, chunked)),
    ),
  );
  const silent = t.test("no answer", async (t) => {
    const { url, asked } = await serve(t, () => undefined);
    const { transport } = transportTo(t, url, { retries: 0, timeoutSeconds: { headers: 0.1 } });
    const message = /did not answer in time/;
    await assert.rejects(transport.fetch({ from: "x" }), { code: "upstream_unreachable", message });
    assert.equal(asked.length, 1);
  });
  await Promise.all([...cases, silent]);
});

test("a body without a length ends with its connection", async (t) => {
  const { url } = await serve(t, (request) => {
    request.socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${WHOLE}`);
  });
  const reply = await transportTo(t, url).transport.fetch({ from: "x" });
  assert.ok(reply.status === "ok");
  assert.equal(reply.length, undefined);
  assert.equal(await textOf(reply), WHOLE);
});

/** Sends a body of `pieces` pieces of `bytes` bytes, one every `everyMs`. */
async function trickling(t: TestContext, bytes: number, pieces: number, everyMs: number) {
  const send = async (response: ServerResponse): Promise<void> => {
    for (let at = 0; at < pieces && !response.destroyed; at++) {
      response.write("x".repeat(bytes));
      await sleep(everyMs);
    }
    response.end();
  };
  const { url } = await serve(t, (_request, response) => {
    response.writeHead(200, { "content-length": bytes * pieces });
    void send(response);
  });
  const reply = await transportTo(t, url, { timeoutSeconds: { body: 0.2 } }).transport.fetch({ from: "x" });
  assert.ok(reply.status === "ok");
  return reply;
}

test(
  "a body that trickles has stalled, a slow one and a slow reader have not",
  { concurrency: true },
  async (t) => {
    const dribble = t.test("a byte at a time", async (t) => {
      await assert.rejects(textOf(await trickling(t, 1, 1000, 20)), {
        code: "upstream_unreachable",
        message: /sent less than 100 bytes a second for 0\.2 s/,
      });
    });
    const slow = t.test("a slow line", async (t) => {
      assert.equal((await textOf(await trickling(t, 20, 20, 40))).length, 400);
    });
    const reader = t.test("a slow reader", async (t) => {
      const reply = await trickling(t, 10, 3, 1);
      await sleep(300);
      let got = 0;
      for await (const chunk of reply.body) {
        got += chunk.length;
        await sleep(300);
      }
      assert.equal(got, 30);
    });
    await Promise.all([dribble, slow, reader]);
  },
);

test("the head of an answer may not trickle either", async (t) => {
  const send = async (socket: Socket): Promise<void> => {
    for (const byte of "HTTP/1.1 200 OK\r\nX: ".padEnd(1000, "x")) {
      if (socket.destroyed) return;
      socket.write(byte);
      await sleep(20);
    }
  };
  const { url } = await serve(t, ({ socket }) => void send(socket));
  const { transport } = transportTo(t, url, { retries: 0, timeoutSeconds: { headers: 0.3 } });
  const began = performance.now();
  await assert.rejects(transport.fetch({ from: "x" }), { message: /did not answer in time/ });
  assert.ok(performance.now() - began < 5000);
});
