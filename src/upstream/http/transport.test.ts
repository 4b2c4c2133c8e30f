import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { serve, textOf, transportTo } from "../server.test-helper.ts";

test("a file comes with length and validators, asked as it is", async (t) => {
  const { url, asked } = await serve(t, (_, response) => {
    response
      .setHeader("etag", '"v1"')
      .setHeader("last-modified", "Sat, 21 Nov 2026 08:00:00 GMT")
      .end("hello");
  });
  const { transport } = transportTo(t, `${url}debian`);
  const reply = await transport.fetch({ from: "pool/a%2bb%7E1.deb" });
  assert.equal(await textOf(reply), "hello");
  assert.ok(reply.status === "ok");
  assert.deepEqual([reply.start, reply.length], [0, 5]);
  assert.deepEqual(reply.validators, { etag: '"v1"', lastModified: "Sat, 21 Nov 2026 08:00:00 GMT" });
  const [request] = asked;
  assert.equal(request?.url, "/debian/pool/a%2bb%7E1.deb");
  assert.equal(request?.headers["accept-encoding"], "identity");
  assert.match(request?.headers["user-agent"] ?? "", /^Sluice\/\d+\.\d+\.\d+$/);
  for (const name of ["authorization", "range", "if-none-match", "cache-control"])
    assert.equal(request?.headers[name], undefined);
  assert.equal(transport.name, `${url}debian/`);
  assert.equal(transport.requests, 1);
});

test("a body that a server calls gzip is taken as it is", async (t) => {
  const bytes = gzipSync("Package: a\n");
  const { url } = await serve(t, (_, response) => {
    response.setHeader("content-encoding", "gzip").end(bytes);
  });
  const reply = await transportTo(t, url).transport.fetch({ from: "Packages.gz" });
  assert.ok(reply.status === "ok");
  const chunks = await Array.fromAsync(reply.body);
  assert.deepEqual(Buffer.concat(chunks), bytes);
});

test("both validators are sent as stored, and 304 is unchanged", async (t) => {
  const { url, asked } = await serve(t, (_, response) => {
    response.writeHead(304).end();
  });
  const validators = { etag: 'W/"odd  one"', lastModified: "yesterday, says the server" };
  const reply = await transportTo(t, url).transport.fetch({ from: "InRelease", validators, fresh: true });
  assert.equal(reply.status, "unchanged");
  const headers = asked[0]?.headers;
  assert.equal(headers?.["if-none-match"], 'W/"odd  one"');
  assert.equal(headers?.["if-modified-since"], "yesterday, says the server");
  assert.equal(headers?.["cache-control"], "no-cache");
  assert.equal(headers?.["pragma"], "no-cache");
});

test("a validator that cannot be sent back is none", async (t) => {
  const { url, asked } = await serve(t, (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\nETag: "\u00fc"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  const { transport } = transportTo(t, url);
  const reply = await transport.fetch({ from: "x" });
  assert.ok(reply.status === "ok");
  assert.deepEqual(reply.validators, {});
  const validators = { etag: "a\r\nx: 1", lastModified: "\u2028" };
  await textOf(await transport.fetch({ from: "x", validators }));
  assert.equal(asked[1]?.headers["if-none-match"], undefined);
  assert.equal(asked[1]?.headers["if-modified-since"], undefined);
});

for (const [status, code, words] of [
  [401, "upstream_refused", /wants credentials \(401\)/],
  [403, "upstream_refused", /refuses access \(403\)/],
  [400, "upstream_refused", /answered 400/],
  [204, "upstream_refused", /answered 204/],
  [206, "upstream_refused", /answered 206/],
  [304, "upstream_refused", /answered 304/],
  [300, "upstream_refused", /answered 300/],
] as const) {
  test(`${String(status)} is refused at once`, async (t) => {
    const { url, asked } = await serve(t, (_, response) => {
      response.writeHead(status).end();
    });
    const { transport } = transportTo(t, url.replace("//", "//user:secret@"));
    await assert.rejects(transport.fetch({ from: "x" }), (error: Error & { code: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.match(error.message, /127\.0\.0\.1:\d+\/x/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
    assert.equal(asked.length, 1);
  });
}

for (const status of [404, 410]) {
  test(`${String(status)} is absent`, async (t) => {
    const { url } = await serve(t, (_, response) => {
      response.writeHead(status).end("no such file");
    });
    assert.equal((await transportTo(t, url).transport.fetch({ from: "x" })).status, "absent");
  });
}

const DATE = "Sat, 21 Nov 2026 08:00:00 GMT";
for (const [what, validators, ifRange] of [
  ["a strong ETag", { etag: '"v1"', lastModified: DATE }, '"v1"'],
  ["the date for a weak ETag", { etag: 'W/"v1"', lastModified: DATE }, DATE],
  ["nothing for a weak ETag alone", { etag: 'W/"v1"' }, undefined],
] as const) {
  test(`the rest of a file is asked with If-Range: ${what}`, async (t) => {
    const { url, asked } = await serve(t, (_, response) => {
      response.writeHead(206, { "content-range": "bytes 2-4/5", "content-length": 3 }).end("llo");
    });
    const reply = await transportTo(t, url).transport.fetch({ from: "x", offset: 2, validators });
    assert.equal(await textOf(reply), "llo");
    assert.ok(reply.status === "ok");
    assert.deepEqual([reply.start, reply.length], [2, 3]);
    assert.equal(asked[0]?.headers.range, "bytes=2-");
    assert.equal(asked[0]?.headers["if-range"], ifRange);
    assert.equal(asked[0]?.headers["if-none-match"], undefined);
  });
}

for (const [what, status, headers] of [
  ["another start", 206, { "content-range": "bytes 1-4/5" }],
  ["not the end", 206, { "content-range": "bytes 2-3/5" }],
  ["an end past the file", 206, { "content-range": "bytes 2-9/5" }],
  ["no range", 206, {}],
  ["nonsense", 206, { "content-range": "items 2-4/5" }],
  ["another length", 206, { "content-range": "bytes 2-4/5", "content-length": 2 }],
  ["416", 416, { "content-range": "bytes */2" }],
] as const) {
  test(`a range answered by ${what} is asked again as a whole`, async (t) => {
    const { url, asked } = await serve(t, (request, response) => {
      if (request.headers.range === undefined) response.end("hello");
      else response.writeHead(status, headers).end("ll");
    });
    const { transport, waits } = transportTo(t, url, { retries: 0 });
    const reply = await transport.fetch({ from: "x", offset: 2, validators: { etag: '"v1"' } });
    assert.ok(reply.status === "ok");
    assert.equal(reply.start, 0);
    assert.equal(await textOf(reply), "hello");
    assert.equal(asked.length, 2);
    assert.equal(asked[1]?.headers["if-none-match"], undefined);
    assert.deepEqual(waits, []);
  });
}

test("a server that ignores the range starts at 0", async (t) => {
  const { url } = await serve(t, (_, response) => {
    response.end("hello");
  });
  const reply = await transportTo(t, url).transport.fetch({ from: "x", offset: 2 });
  assert.ok(reply.status === "ok");
  assert.equal(reply.start, 0);
  assert.equal(await textOf(reply), "hello");
});

test("credentials: basic of the URL or the options, bearer", async (t) => {
  const { url, asked } = await serve(t, (_, response) => {
    response.end();
  });
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;
  const inUrl = url.replace("//", "//us%40er:p%3Ass@");
  const cases = [
    [inUrl, undefined, basic("us@er:p:ss")],
    [inUrl, { kind: "basic", username: "a", password: "ü" }, basic("a:ü")],
    [url, { kind: "bearer", token: "tok.en" }, "Bearer tok.en"],
  ] as const;
  for (const [from, credentials] of cases) {
    const { transport } = transportTo(t, from, { credentials });
    assert.equal(transport.name, url);
    await textOf(await transport.fetch({ from: "x" }));
  }
  assert.deepEqual(
    asked.map((request) => request.headers.authorization),
    cases.map(([, , sent]) => sent),
  );
  for (const credentials of [
    { kind: "bearer", token: "a\r\nx-evil: 1" },
    { kind: "bearer", token: "" },
    { kind: "basic", username: "a:b", password: "c" },
  ] as const)
    assert.throws(() => transportTo(t, url, { credentials }), { code: "credentials" });
});

test("one connection is used again, also after errors and redirects", async (t) => {
  const { url, sockets } = await serve(t, (request, response) => {
    if (request.url === "/gone") response.writeHead(404).end("x".repeat(1000));
    else if (request.url === "/moved") response.writeHead(302, { location: "/here" }).end("see there");
    else response.end("here");
  });
  const { transport } = transportTo(t, url, { connections: 1 });
  for (const from of ["here", "gone", "moved", "here"]) {
    const reply = await transport.fetch({ from });
    if (reply.status === "ok") assert.equal(await textOf(reply), "here");
  }
  assert.equal(sockets.size, 1);
  assert.equal(transport.requests, 5);
});

test("a long answer that is of no use does not keep its connection busy", async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === "/gone") response.writeHead(404).end(Buffer.alloc(1_000_000));
    else if (request.url === "/moved")
      response.writeHead(302, { location: "/here" }).end(Buffer.alloc(1_000_000));
    else response.end("here");
  });
  const { transport } = transportTo(t, url, { connections: 1 });
  assert.equal((await transport.fetch({ from: "gone" })).status, "absent");
  assert.equal(await textOf(await transport.fetch({ from: "moved" })), "here");
});

test("no more connections than allowed", async (t) => {
  const { url, sockets, asked } = await serve(t, (_, response) => {
    setImmediate(() => response.end("x"));
  });
  const { transport } = transportTo(t, url, { connections: 3 });
  await Promise.all(Array.from({ length: 30 }, async () => textOf(await transport.fetch({ from: "x" }))));
  assert.equal(sockets.size, 3);
  assert.equal(asked.length, 30);
});

/** Counts the requests that come on one connection before the first is answered. */
async function pipelined(t: Parameters<typeof serve>[0], pipelining: number): Promise<number> {
  let most = 0;
  const server = createServer((socket: Socket) => {
    let seen = "";
    socket.on("data", (data) => {
      seen += data.toString("latin1");
      // All that is to come has come when the event loop has turned a few times without more.
      setTimeout(() => {
        const count = seen.split("\r\n\r\n").length - 1;
        most = Math.max(most, count);
        seen = "";
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".repeat(count));
      }, 30);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const { transport } = transportTo(t, url, { connections: 1, pipelining });
  const texts = await Promise.all(
    Array.from({ length: 9 }, async () => textOf(await transport.fetch({ from: "x" }))),
  );
  assert.deepEqual(
    texts,
    Array.from({ length: 9 }, () => "ok"),
  );
  await transport.close();
  return most;
}

test("pipelining sends requests ahead, and only if it is asked for", async (t) => {
  assert.equal(await pipelined(t, 4), 4);
  assert.equal(await pipelined(t, 1), 1);
});

test("an aborted signal ends a fetch before, during and after the answer", async (t) => {
  const reason = new Error("enough");
  const { url, asked } = await serve(t, (request, response) => {
    if (request.url === "/body") response.writeHead(200, { "content-length": 10 }).write("hello");
  });
  const { transport } = transportTo(t, url);
  await assert.rejects(transport.fetch({ from: "x", signal: AbortSignal.abort(reason) }), reason);
  assert.equal(asked.length, 0);

  const waiting = new AbortController();
  const answer = transport.fetch({ from: "never", signal: waiting.signal });
  setTimeout(() => waiting.abort(reason), 20);
  await assert.rejects(answer, reason);

  const reading = new AbortController();
  const text = textOf(await transport.fetch({ from: "body", signal: reading.signal }));
  reading.abort(reason);
  await assert.rejects(text, reason);
});
