import assert from "node:assert/strict";
import type { TLSSocket } from "node:tls";
import { test } from "node:test";
import { serve, testPki, textOf, transportTo } from "../server.test-helper.ts";

const ok = (_: unknown, response: { end(text: string): unknown }) => {
  response.end("ok");
};

test("a CA of one's own is trusted where it is given, and the name is sent", async (t) => {
  const { ca, server } = testPki();
  const { url, port, asked } = await serve(t, ok, server);
  const byName = `https://localhost:${String(port)}/`;
  const { transport } = transportTo(t, byName, { tls: { ca } });
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "ok");
  const [request] = asked;
  assert.ok(request);
  assert.equal((request.socket as TLSSocket & { servername: string }).servername, "localhost");
  assert.equal(request.httpVersion, "1.1");

  const { transport: strict, waits } = transportTo(t, url);
  await assert.rejects(strict.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /has a TLS certificate that is not trusted here/,
    hint: /CA/,
  });
  assert.deepEqual(waits, []);
});

test("a certificate for another name is refused", async (t) => {
  const { ca, server } = testPki();
  const { port } = await serve(t, ok, server);
  const { transport } = transportTo(t, `https://127.0.0.2:${String(port)}/`, { tls: { ca }, retries: 0 });
  // The server listens on 127.0.0.1 alone: what is checked is that 127.0.0.2 never passes for it.
  await assert.rejects(transport.fetch({ from: "x" }), { code: "upstream_unreachable" });
});

test("plain http on a TLS port is said so", async (t) => {
  const { url } = await serve(t, ok);
  const { transport, waits } = transportTo(t, url.replace("http:", "https:"));
  await assert.rejects(transport.fetch({ from: "x" }), { message: /did not agree on TLS/ });
  assert.deepEqual(waits, []);
});

test("the client certificate goes to the upstream's own origin alone", async (t) => {
  const { ca, server, client } = testPki();
  const names: (string | undefined)[] = [];
  const note = (request: { socket: unknown }) => {
    names.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined);
  };
  const asks = { ...server, ca, requestCert: true, rejectUnauthorized: false };
  const away = await serve(t, (request, response) => ok(note(request), response), asks);
  const home = await serve(
    t,
    (request, response) => {
      note(request);
      if (request.url === "/away") response.writeHead(302, { location: away.url }).end();
      else response.end("ok");
    },
    asks,
  );
  const redirectHosts = ["127.0.0.1"];
  const { transport } = transportTo(t, home.url, { tls: { ca, ...client }, redirectHosts });
  await textOf(await transport.fetch({ from: "x" }));
  await textOf(await transport.fetch({ from: "away" }));
  assert.deepEqual(names, ["client", "client", undefined]);
});

test("a server that demands a certificate is named", async (t) => {
  const { ca, server } = testPki();
  const { url } = await serve(t, ok, { ...server, ca, requestCert: true, rejectUnauthorized: true });
  const { transport } = transportTo(t, url, { tls: { ca }, retries: 0 });
  await assert.rejects(transport.fetch({ from: "x" }), { code: "upstream_unreachable" });
});

test("PEM files that do not fit are refused at once", (t) => {
  const { ca, server, client } = testPki();
  const url = "https://deb.example.org/";
  for (const tls of [
    { ca: "not a certificate" },
    { cert: client.cert },
    { key: client.key },
    { cert: client.cert, key: server.key },
    { cert: "x", key: "y" },
  ])
    assert.throws(() => transportTo(t, url, { tls }), { code: "credentials", message: /deb\.example\.org/ });
  transportTo(t, url, { tls: { ca: Buffer.from(ca), ...client } });
});
