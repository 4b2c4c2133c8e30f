import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchBytes } from "./buffer.ts";
import { serve, transportTo } from "./server.test-helper.ts";

test("a root comes as bytes, unchanged or absent", async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === "/none") response.writeHead(404).end();
    else if (request.headers["if-none-match"] === '"1"') response.writeHead(304).end();
    else response.setHeader("etag", '"1"').end("signed");
  });
  const { transport } = transportTo(t, url);
  const reply = await fetchBytes(transport, { from: "x" }, 6);
  assert.deepEqual(reply, { status: "ok", bytes: Buffer.from("signed"), validators: { etag: '"1"' } });
  const validators = { etag: '"1"' };
  assert.deepEqual(await fetchBytes(transport, { from: "x", validators }, 6), { status: "unchanged" });
  assert.deepEqual(await fetchBytes(transport, { from: "none" }, 6), { status: "absent" });
});

for (const framing of ["content-length", "chunked"]) {
  test(`a root (${framing}) past its bound is refused, and the connection is let go of`, async (t) => {
    const { url, sockets } = await serve(t, (request, response) => {
      if (request.url === "/small") return response.end("small");
      response.writeHead(200, framing === "chunked" ? {} : { "content-length": 1e9 });
      return response.write(Buffer.alloc(100_000));
    });
    const { transport } = transportTo(t, url, { connections: 1 });
    const large = fetchBytes(transport, { from: "large" }, 1000);
    await assert.rejects(large, {
      code: "too_large",
      message: /large is larger than the 1000 bytes allowed/,
    });
    const small = await fetchBytes(transport, { from: "small" }, 1000);
    assert.equal(small.status, "ok");
    assert.equal(sockets.size, 2);
  });
}

test("a body that breaks is asked again from the start, a few times", async (t) => {
  let broken = 2;
  const { url, asked } = await serve(t, (request, response) => {
    response.writeHead(200, { "content-length": 6 });
    if (broken-- > 0) response.write("sig", () => request.socket.end());
    else response.end("signed");
  });
  const { transport } = transportTo(t, url);
  const reply = await fetchBytes(transport, { from: "x" }, 100);
  assert.ok(reply.status === "ok");
  assert.equal(reply.bytes.toString(), "signed");
  assert.deepEqual(
    asked.map((request) => request.headers.range),
    [undefined, undefined, undefined],
  );
  broken = 3;
  await assert.rejects(fetchBytes(transport, { from: "x" }, 100), { code: "upstream_unreachable" });
  assert.equal(asked.length, 6);
});
