import assert from "node:assert/strict";
import dns from "node:dns";
import type { RequestListener } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { serve, testPki, textOf, transportTo } from "../server.test-helper.ts";

const to =
  (location: string, status = 302): RequestListener =>
  (_, response) => {
    response.writeHead(status, { location }).end();
  };
const say =
  (text: string): RequestListener =>
  (_, response) => {
    response.end(text);
  };

for (const status of [301, 302, 303, 307, 308]) {
  test(`${String(status)} is followed, conditions and all`, async (t) => {
    const { url, asked } = await serve(t, (request, response) => {
      if (request.url === "/a/x") response.writeHead(status, { location: "../b/y%2b" }).end();
      else response.writeHead(304).end();
    });
    const { transport } = transportTo(t, `${url}a`);
    const reply = await transport.fetch({ from: "x", validators: { etag: '"1"' } });
    assert.equal(reply.status, "unchanged");
    assert.deepEqual(
      asked.map((request) => request.url),
      ["/a/x", "/b/y%2b"],
    );
    assert.equal(asked[1]?.headers["if-none-match"], '"1"');
  });
}

test("five redirects are followed, the sixth is not", async (t) => {
  const { url } = await serve(t, (request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end("arrived");
    else response.writeHead(302, { location: `/${String(left - 1)}` }).end();
  });
  const { transport } = transportTo(t, url);
  assert.equal(await textOf(await transport.fetch({ from: "5" })), "arrived");
  await assert.rejects(transport.fetch({ from: "6" }), {
    code: "redirect_refused",
    message: /more than 5 redirects/,
  });
});

test("a loop ends", async (t) => {
  const { url, asked } = await serve(t, to("/x"));
  const { transport } = transportTo(t, url);
  await assert.rejects(transport.fetch({ from: "x" }), { code: "redirect_refused" });
  assert.equal(asked.length, 6);
});

test("another host is asked only if it is listed, and never gets the credentials", async (t) => {
  const away = await serve(t, say("away"));
  const home = await serve(t, to(`http://user:pw@127.0.0.1:${String(away.port)}/f?token=t`));
  const credentials = { kind: "bearer", token: "secret" } as const;
  const strict = transportTo(t, home.url, { credentials }).transport;
  await assert.rejects(strict.fetch({ from: "x" }), {
    code: "redirect_refused",
    message: `${home.url}x redirects to ${away.url}f, which is another host: refused.`,
    hint: `If it is right, list 127.0.0.1:${String(away.port)} in redirect-hosts.`,
  });
  assert.equal(away.asked.length, 0);

  const redirectHosts = [`127.0.0.1:${String(away.port)}`];
  const { transport } = transportTo(t, home.url, { credentials, redirectHosts });
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "away");
  assert.equal(home.asked.at(-1)?.headers.authorization, "Bearer secret");
  assert.equal(away.asked[0]?.headers.authorization, undefined);
  assert.equal(away.asked[0]?.url, "/f?token=t");

  await textOf(await transport.fetch({ from: `${away.url}direct` }));
  assert.equal(away.asked[1]?.headers.authorization, undefined);
  await assert.rejects(strict.fetch({ from: `${away.url}direct` }), { code: "redirect_refused" });
});

test("from https to http is refused even to a listed host; from http to https of the same host is fine", async (t) => {
  const { ca, server } = testPki();
  const plain = await serve(t, (request, response) => {
    if (request.url === "/up") response.writeHead(301, { location: `${secure.url}here` }).end();
    else response.end("plain");
  });
  const secure = await serve(
    t,
    (request, response) => {
      if (request.url === "/here") response.end("secure");
      else response.writeHead(302, { location: plain.url }).end();
    },
    server,
  );
  const tls = { ca };
  const down = transportTo(t, secure.url, { tls, redirectHosts: ["127.0.0.1"] }).transport;
  await assert.rejects(down.fetch({ from: "x" }), { code: "redirect_refused", message: /would give up TLS/ });
  const up = transportTo(t, plain.url, { tls }).transport;
  assert.equal(await textOf(await up.fetch({ from: "up" })), "secure");
  // Once up, not down again.
  await assert.rejects(up.fetch({ from: `${secure.url}down` }), { code: "redirect_refused" });
});

test("a redirect to another scheme or to nonsense is refused", async (t) => {
  for (const location of ["file:///etc/passwd", "gopher://127.0.0.1/", "http://["]) {
    const { url } = await serve(t, to(location));
    await assert.rejects(transportTo(t, url).transport.fetch({ from: "x" }), { code: "redirect_refused" });
  }
});

/**
 * A proxy that plays a public upstream, deb.example.org, redirecting to `location`; what NO_PROXY names is
 * reached directly.
 */
async function publicUpstream(
  t: TestContext,
  location: string,
  redirectHosts: string[],
  no_proxy = "cdn.example.net",
) {
  const proxy = await serve(t, to(location));
  const proxyEnv = { http_proxy: proxy.url, no_proxy };
  const { transport } = transportTo(t, "http://deb.example.org/debian", { proxyEnv, redirectHosts });
  return { transport, proxy };
}

/** Makes DNS say that every name is 127.0.0.1. */
function lieAboutNames(t: TestContext): void {
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
  };
  const mocked = t.mock.method(dns, "lookup", lookup as typeof dns.lookup);
  syncBuiltinESMExports();
  t.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  });
}

test("a name that DNS leads to a non-public address is refused, unless the address is listed", async (t) => {
  lieAboutNames(t);
  const inner = await serve(t, say("inner"));
  const location = `http://cdn.example.net:${String(inner.port)}/secret`;
  const { transport: strict } = await publicUpstream(t, location, ["*.example.net"]);
  await assert.rejects(strict.fetch({ from: "x" }), {
    code: "redirect_refused",
    message: `http://deb.example.org/debian/x leads to ${location}, whose address 127.0.0.1 is not public: refused.`,
    hint: "If it is right, list 127.0.0.1 in redirect-hosts.",
  });
  await assert.rejects(strict.fetch({ from: location }), { code: "redirect_refused" });
  assert.equal(inner.sockets.size, 0);
  const { transport: listed } = await publicUpstream(t, location, ["cdn.example.net", "127.0.0.0/8"]);
  assert.equal(await textOf(await listed.fetch({ from: "x" })), "inner");
});

test("an upstream whose own name leads inside may lead elsewhere inside", async (t) => {
  lieAboutNames(t);
  const inner = await serve(t, say("inner"));
  const home = await serve(t, to(`http://cdn.example.net:${String(inner.port)}/`));
  const url = `http://deb.example.org:${String(home.port)}/`;
  const { transport } = transportTo(t, url, { redirectHosts: ["cdn.example.net"] });
  assert.equal(await textOf(await transport.fetch({ from: "x" })), "inner");
});

test("localhost is not asked of a proxy either", async (t) => {
  for (const host of ["localhost", "a.localhost", "LOCALHOST."]) {
    const { transport, proxy } = await publicUpstream(t, `http://${host}/`, [host], "");
    await assert.rejects(transport.fetch({ from: "x" }), {
      code: "redirect_refused",
      message: /127\.0\.0\.1/,
    });
    assert.equal(proxy.asked.length, 1);
  }
});
