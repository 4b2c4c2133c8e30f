import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyFor } from "./proxy.ts";

const HTTP = "http://deb.example.org/debian/";
const HTTPS = "https://deb.example.org/debian/";

const chosen: [what: string, url: string, env: Record<string, string>, proxy: string | undefined][] = [
  ["nothing set", HTTP, {}, undefined],
  ["empty is unset", HTTP, { http_proxy: "", ALL_PROXY: "p:1" }, "http://p:1"],
  ["http by HTTP_PROXY", HTTP, { HTTP_PROXY: "http://p:3128", HTTPS_PROXY: "http://s:1" }, "http://p:3128"],
  ["https by HTTPS_PROXY", HTTPS, { HTTP_PROXY: "http://p:3128", HTTPS_PROXY: "http://s:1" }, "http://s:1"],
  ["https not by HTTP_PROXY", HTTPS, { HTTP_PROXY: "http://p:3128" }, undefined],
  ["lower case wins", HTTP, { HTTP_PROXY: "http://upper:1", http_proxy: "http://lower:2" }, "http://lower:2"],
  ["scheme before ALL_PROXY", HTTP, { all_proxy: "a:1", HTTP_PROXY: "h:2" }, "http://h:2"],
  ["ALL_PROXY for http", HTTP, { ALL_PROXY: "a:1" }, "http://a:1"],
  ["ALL_PROXY for https", HTTPS, { ALL_PROXY: "a:1" }, "http://a:1"],
  ["1080 for ALL_PROXY", HTTP, { ALL_PROXY: "proxy.example.org" }, "http://proxy.example.org:1080"],
  ["1080 with a scheme", HTTP, { all_proxy: "http://proxy.example.org/" }, "http://proxy.example.org:1080"],
  ["80 where given", HTTP, { ALL_PROXY: "http://p:80" }, "http://p:80"],
  ["80 for HTTP_PROXY", HTTP, { HTTP_PROXY: "p" }, "http://p:80"],
  ["443 for an https proxy", HTTP, { ALL_PROXY: "https://p" }, "https://p:443"],
  ["IPv6", HTTP, { ALL_PROXY: "[2001:db8::1]:3128" }, "http://[2001:db8::1]:3128"],
  ["a path is ignored", HTTP, { HTTP_PROXY: "http://p:3128/some/path" }, "http://p:3128"],
];
for (const [what, url, env, expected] of chosen) {
  test(`proxyFor: ${what}`, () => assert.equal(proxyFor(new URL(url), env)?.url, expected));
}

const credentials: [value: string, pair: string | undefined][] = [
  ["http://user:pass@p:1", "user:pass"],
  ["user:pass@p", "user:pass"],
  ["us%40er:p%3Aa%2Fss%25@p:1", "us@er:p:a/ss%"],
  ["user@p:1", "user:"],
  ["user:a@b@p:1", "user:a@b"],
  ["p:1", undefined],
];
for (const [value, pair] of credentials) {
  test(`proxyFor: credentials of ${value}`, () => {
    const proxy = proxyFor(new URL(HTTP), { ALL_PROXY: value });
    const expected = pair && `Basic ${Buffer.from(pair).toString("base64")}`;
    assert.equal(proxy?.authorization, expected);
    assert.equal(new URL(proxy?.url ?? "").hostname, "p");
  });
}

for (const value of [
  "socks5://p:1080",
  "http://secret:hunter2@",
  "secret:hunter2@host:port",
  "secret:%zz@p",
  "p:0",
  "p:70000",
  "secret:hunter2@a b",
]) {
  test(`proxyFor refuses ${value} without showing it`, () => {
    assert.throws(
      () => proxyFor(new URL(HTTP), { HTTP_PROXY: value }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "config_invalid");
        assert.match(error.message, /HTTP_PROXY/);
        assert.doesNotMatch(error.message, /secret|hunter/);
        return true;
      },
    );
  });
}

test("proxyFor asks NO_PROXY, lower case first", () => {
  const url = new URL(HTTP);
  const env = { ALL_PROXY: "p:1" };
  assert.equal(proxyFor(url, { ...env, NO_PROXY: "example.org" }), undefined);
  assert.equal(proxyFor(url, { ...env, NO_PROXY: "example.org", no_proxy: "other.org" })?.url, "http://p:1");
});
