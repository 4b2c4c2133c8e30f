import assert from "node:assert/strict";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { ServerOptions } from "node:https";
import { request as httpRequest } from "node:http";
import { serve, testPki, textOf, transportTo } from "../server.test-helper.ts";

const AUTH = `Basic ${Buffer.from("us er:p@ss").toString("base64")}`;

/** A real proxy: forwards absolute-form requests, opens tunnels; both only with the right credentials. */
async function startProxy(
  t: TestContext,
  options: { open?: boolean; tunnelStatus?: number; tls?: ServerOptions } = {},
) {
  const tunnels: string[] = [];
  const authorized = (headers: NodeJS.Dict<string | string[]>) =>
    options.open === true || headers["proxy-authorization"] === AUTH;
  const proxy = await serve(
    t,
    (request, response) => {
      if (!authorized(request.headers)) {
        response.writeHead(407).end("who are you?");
        return;
      }
      const { "proxy-authorization": _, ...headers } = request.headers;
      const onward = httpRequest(request.url ?? "", { headers, agent: false }, (reply) => {
        response.writeHead(reply.statusCode ?? 0, reply.headers);
        reply.pipe(response);
      });
      onward.on("error", () => response.writeHead(502).end()).end();
    },
    options.tls,
  );
  proxy.server.on("connect", (request, client: Socket) => {
    tunnels.push(request.url ?? "");
    const status = authorized(request.headers) ? options.tunnelStatus : 407;
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${String(status)} No\r\nContent-Length: 2\r\n\r\nno`);
      return;
    }
    const [host, port] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host);
    onward.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    onward.on("error", () => client.destroy());
    client.on("error", () => onward.destroy());
    t.after(() => onward.destroy());
  });
  return { ...proxy, tunnels };
}

const withAuth = (url: string) => url.replace("//", "//us%20er:p%40ss@");

test("http goes through ALL_PROXY in absolute form, with its credentials and the connections allowed", async (t) => {
  const upstream = await serve(t, (request, response) => {
    response.end(`served ${request.url ?? ""}`);
  });
  const proxy = await startProxy(t);
  const proxyEnv = { ALL_PROXY: withAuth(proxy.url).replace("http://", "").replace(/\/$/, "") };
  const { transport } = transportTo(t, `${upstream.url}debian`, {
    proxyEnv,
    connections: 2,
    credentials: { kind: "basic", username: "me", password: "pw" },
  });
  const texts = await Promise.all(
    Array.from({ length: 6 }, async () => textOf(await transport.fetch({ from: "x%2by" }))),
  );
  assert.deepEqual(new Set(texts), new Set(["served /debian/x%2by"]));
  assert.equal(proxy.asked[0]?.url, `${upstream.url}debian/x%2by`);
  assert.equal(proxy.asked[0]?.headers.host, new URL(upstream.url).host);
  assert.equal(proxy.sockets.size, 2);
  assert.equal(proxy.tunnels.length, 0);
  assert.equal(upstream.asked[0]?.headers["proxy-authorization"], undefined);
  assert.equal(upstream.asked[0]?.headers.authorization, `Basic ${Buffer.from("me:pw").toString("base64")}`);
});

test("https goes through a tunnel that is used again; the proxy sees no request and the upstream no proxy credentials", async (t) => {
  const { ca, server, client } = testPki();
  const upstream = await serve(
    t,
    (_, response) => {
      response.end("secret");
    },
    { ...server, ca, requestCert: true },
  );
  const proxy = await startProxy(t);
  const { transport } = transportTo(t, upstream.url, {
    proxyEnv: { HTTPS_PROXY: withAuth(proxy.url) },
    tls: { ca, ...client },
    connections: 1,
  });
  for (let i = 0; i < 3; i++) assert.equal(await textOf(await transport.fetch({ from: "x" })), "secret");
  assert.deepEqual(proxy.tunnels, [new URL(upstream.url).host]);
  assert.equal(proxy.asked.length, 0);
  assert.equal(upstream.asked[0]?.headers["proxy-authorization"], undefined);
  assert.equal(transport.requests, 3);
});

test("a proxy is reached over TLS by its own name", async (t) => {
  const { ca, server } = testPki();
  const upstream = await serve(t, (_, response) => {
    response.end("plain");
  });
  const secure = await serve(
    t,
    (_, response) => {
      response.end("secure");
    },
    server,
  );
  const proxy = await startProxy(t, { open: true, tls: server });
  const proxyEnv = { ALL_PROXY: `https://localhost:${String(proxy.port)}` };
  const tls = { ca };
  const { transport } = transportTo(t, upstream.url, { proxyEnv, tls });
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "plain");
  const { transport: other } = transportTo(t, secure.url, { proxyEnv, tls });
  assert.equal(await textOf(await other.fetch({ from: "x" })), "secure");
  const { transport: strict } = transportTo(t, upstream.url, { proxyEnv });
  await assert.rejects(strict.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /not trusted here/,
  });
});

test("TLS to a proxy goes by the proxy's name, not by that of the host asked for", async (t) => {
  const { ca, server } = testPki();
  const proxy = await serve(
    t,
    (request, response) => {
      response.end((request.socket as TLSSocket & { servername: string }).servername);
    },
    server,
  );
  const proxyEnv = { ALL_PROXY: `https://localhost:${String(proxy.port)}` };
  const { transport } = transportTo(t, "http://deb.example.org/", { proxyEnv, tls: { ca } });
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "localhost");
});

for (const scheme of ["http", "https"]) {
  test(`407 for ${scheme} names the proxy and its variable, not the password`, async (t) => {
    const proxy = await startProxy(t);
    const proxyEnv = { ALL_PROXY: proxy.url.replace("//", "//me:wrong@") };
    const { transport, waits } = transportTo(t, `${scheme}://deb.example.org/`, { proxyEnv });
    await assert.rejects(transport.fetch({ from: "x" }), (error: Error & { code: string }) => {
      assert.equal(error.code, "upstream_refused");
      assert.match(
        error.message,
        /the proxy http:\/\/127\.0\.0\.1:\d+ wants other credentials \(407\).*ALL_PROXY/,
      );
      assert.doesNotMatch(error.message, /wrong/);
      return true;
    });
    assert.deepEqual(waits, []);
  });
}

test("a tunnel that the proxy forbids is final, one that fails is tried again", async (t) => {
  const forbids = await startProxy(t, { open: true, tunnelStatus: 403 });
  const url = "https://deb.example.org/";
  const strict = transportTo(t, url, { proxyEnv: { https_proxy: forbids.url } });
  await assert.rejects(strict.transport.fetch({ from: "x" }), {
    code: "upstream_refused",
    message: /answered 403/,
  });
  assert.equal(forbids.tunnels.length, 1);
  const fails = await startProxy(t, { open: true, tunnelStatus: 502 });
  const patient = transportTo(t, url, { proxyEnv: { https_proxy: fails.url }, retries: 2 });
  await assert.rejects(patient.transport.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /the proxy .* answered 502/,
  });
  assert.equal(fails.tunnels.length, 3);
});

test("a proxy that is not there is named", async (t) => {
  const gone = await serve(t, () => undefined);
  const { port } = gone.server.address() as AddressInfo;
  await new Promise((resolve) => gone.server.close(resolve));
  for (const scheme of ["http", "https"]) {
    const proxyEnv = { ALL_PROXY: `127.0.0.1:${String(port)}` };
    const { transport } = transportTo(t, `${scheme}://deb.example.org/`, { proxyEnv, retries: 1 });
    await assert.rejects(transport.fetch({ from: "x" }), {
      code: "upstream_unreachable",
      message: new RegExp(
        `deb.example.org \\(through the proxy http://127.0.0.1:${String(port)} of ALL_PROXY\\) refused`,
      ),
    });
  }
});

test("NO_PROXY goes directly", async (t) => {
  const { url } = await serve(t, (_, response) => {
    response.end("direct");
  });
  const proxy = await startProxy(t);
  const { transport } = transportTo(t, url, { proxyEnv: { ALL_PROXY: proxy.url, NO_PROXY: "127.0.0.0/8" } });
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "direct");
  assert.equal(proxy.asked.length, 0);
});

test("a proxy that never opens the tunnel is given up", async (t) => {
  const proxy = await serve(t, () => undefined);
  proxy.server.on("connect", () => undefined);
  const { transport } = transportTo(t, "https://deb.example.org/", {
    proxyEnv: { ALL_PROXY: proxy.url },
    retries: 1,
    timeoutSeconds: { connect: 0.1 },
  });
  await assert.rejects(transport.fetch({ from: "x" }), {
    code: "upstream_unreachable",
    message: /did not accept a connection in time/,
  });
});
