import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { serve, testPki, textOf, transportTo } from "../server.test-helper.ts";
import { createConnections } from "./connections.ts";

/** A server that counts its open connections, the requests that it has not answered, and the connections that those are on; each is answered when `release` is called. */
async function countingServer(t: TestContext, tls = false) {
  const waiting: ServerResponse[] = [];
  const most = { connections: 0, requests: 0, busy: 0 };
  let connections = 0;
  const pki = testPki();
  const served = await serve(
    t,
    (_, response) => {
      waiting.push(response);
      most.requests = Math.max(most.requests, waiting.length);
      most.busy = Math.max(most.busy, new Set(waiting.map(({ req }) => req.socket)).size);
    },
    tls ? { ...pki.server } : undefined,
  );
  served.server.on("connection", (socket) => {
    most.connections = Math.max(most.connections, ++connections);
    socket.on("close", () => connections--);
  });
  const release = (): void => void waiting.shift()?.end("x".repeat(100_000));
  return { ...served, waiting, most, release };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Asks for files through all transports at once, and answers one at a time when as many wait as may. */
async function drain(
  server: Awaited<ReturnType<typeof countingServer>>,
  asked: readonly Promise<unknown>[],
  cap: number,
): Promise<void> {
  let left = asked.length;
  for (; left > 0; left--) {
    await until(() => server.waiting.length >= Math.min(cap, left));
    server.release();
  }
  await Promise.all(asked);
}

test("two transports to one host share its connections, and each stays within its own", async (t) => {
  const server = await countingServer(t);
  const shared = createConnections(3);
  const a = transportTo(t, `${server.url}a`, { shared, pipelining: 1, connections: 8 }).transport;
  const b = transportTo(t, `${server.url}b`, { shared, pipelining: 1, connections: 1 }).transport;
  const files = (transport: typeof a, count: number) =>
    Array.from({ length: count }, async () => textOf(await transport.fetch({ from: "x" })));
  await drain(server, [...files(a, 20), ...files(b, 5)], 3);
  assert.deepEqual(server.most, { connections: 3, requests: 3, busy: 3 });
  assert.deepEqual([a.requests, b.requests], [20, 5]);
  assert.ok(server.sockets.size <= 3, "connections are used again");

  server.most.requests = 0;
  await drain(server, files(b, 4), 1);
  assert.equal(server.most.requests, 1);
});

test("transports that connect in other ways take turns all the same", async (t) => {
  const server = await countingServer(t, true);
  const { ca, client } = testPki();
  const shared = createConnections(2);
  const plain = transportTo(t, server.url, { shared, pipelining: 1, tls: { ca } }).transport;
  const known = transportTo(t, server.url, { shared, pipelining: 1, tls: { ca, ...client } }).transport;
  const asked = [plain, known, plain, known, plain, known].map(async (transport) =>
    textOf(await transport.fetch({ from: "x" })),
  );
  await drain(server, asked, 2);
  assert.equal(server.most.requests, 2);
});

test("where requests go ahead of answers, the same number of connections is busy", async (t) => {
  const server = await countingServer(t, true);
  const { ca, client } = testPki();
  const shared = createConnections(2);
  const ask = (tls: object): Promise<unknown>[] => {
    const { transport } = transportTo(t, server.url, { shared, pipelining: 4, tls: { ca, ...tls } });
    return Array.from({ length: 40 }, async () => textOf(await transport.fetch({ from: "x", size: 10 })));
  };
  const releasing = setInterval(server.release, 1);
  t.after(() => clearInterval(releasing));
  await Promise.all([...ask({}), ...ask({}), ...ask(client)]);
  assert.equal(server.most.busy, 2);
  assert.ok(server.most.requests > 2, "some went ahead");
});

test("a body holds its connection until it is read or given up", async (t) => {
  const server = await countingServer(t);
  const shared = createConnections(1);
  const { transport } = transportTo(t, server.url, { shared, pipelining: 1 });
  const first = transport.fetch({ from: "1" });
  await until(() => server.waiting.length === 1);
  server.release();
  const reply = await first;
  assert.ok(reply.status === "ok");
  const second = transport.fetch({ from: "2" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(server.asked.length, 1);
  await reply.body[Symbol.asyncIterator]().return?.();
  await until(() => server.waiting.length === 1);
  server.release();
  await textOf(await second);
});

test("closing one transport ends its own requests alone, and the last one closes the connections", async (t) => {
  const server = await countingServer(t);
  const shared = createConnections(3);
  const a = transportTo(t, server.url, { shared, pipelining: 1 }).transport;
  const b = transportTo(t, server.url, { shared, pipelining: 1 }).transport;
  const lost = [a.fetch({ from: "1" }), a.fetch({ from: "2" })];
  await until(() => server.waiting.length === 2);
  const kept = b.fetch({ from: "3" });
  await until(() => server.waiting.length === 3);
  const late = a.fetch({ from: "4" });
  const failed = Promise.all(
    [...lost, late].map(async (one) => assert.rejects(one, { code: "interrupted" })),
  );
  await a.close();
  await failed;
  for (const response of server.waiting) response.end("kept");
  assert.equal(await textOf(await kept), "kept");
  const open = (): number => [...server.sockets].filter((socket) => !socket.destroyed).length;
  await b.close();
  await until(() => open() === 0);
});

test("an aborted request leaves the queue, and one that fails gives its place back", async (t) => {
  const { url } = await serve(t, (request) => void request.socket.destroy());
  const shared = createConnections(1);
  const { transport } = transportTo(t, url, { shared, pipelining: 1, retries: 0 });
  for (let n = 0; n < 3; n++)
    await assert.rejects(transport.fetch({ from: "x" }), { code: "upstream_unreachable" });
  const server = await countingServer(t);
  const other = transportTo(t, server.url, { shared, pipelining: 1 }).transport;
  const first = other.fetch({ from: "1" });
  await until(() => server.waiting.length === 1);
  const stop = new AbortController();
  const waits = other.fetch({ from: "2", signal: stop.signal });
  stop.abort(new Error("stopped"));
  await assert.rejects(waits, { message: "stopped" });
  server.release();
  await textOf(await first);
});

test("a redirect on the same host goes through a single place", async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === "/a") response.writeHead(302, { location: "/b" }).end("moved");
    else response.end("here");
  });
  const { transport } = transportTo(t, url, { shared: createConnections(1), pipelining: 1 });
  assert.equal(await textOf(await transport.fetch({ from: "a" })), "here");
});
