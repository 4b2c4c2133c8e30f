import assert from "node:assert/strict";
import { test } from "node:test";
import { hostList } from "./hosts.ts";

const cases: [entry: string, url: string, listed: boolean][] = [
  ["cdn.example.net", "https://cdn.example.net/x", true],
  ["CDN.Example.NET.", "https://cdn.example.net/x", true],
  ["cdn.example.net", "https://cdn.example.net.:8443/x", true],
  ["cdn.example.net", "https://a.cdn.example.net/x", false],
  ["cdn.example.net", "https://badcdn.example.net/x", false],
  ["cdn.example.net:8443", "https://cdn.example.net:8443/x", true],
  ["cdn.example.net:8443", "https://cdn.example.net/x", false],
  ["cdn.example.net:443", "https://cdn.example.net/x", true],
  ["*.example.net", "https://a.b.example.net/x", true],
  ["*.example.net", "https://example.net/x", false],
  ["*.example.net", "https://evilexample.net/x", false],
  ["*.example.net:80", "https://a.example.net/x", false],
  ["bücher.example", "https://xn--bcher-kva.example/x", true],
  ["10.0.0.5", "http://10.0.0.5:81/x", true],
  ["10.0.0.5:80", "http://10.0.0.5:81/x", false],
  ["10.0.0.0/8", "http://10.9.9.9/x", true],
  ["10.0.0.0/8", "http://11.9.9.9/x", false],
  ["10.0.0.0/8", "http://host.example/x", false],
  ["::1", "http://[::1]/x", true],
  ["[::1]:8080", "http://[::1]:8080/x", true],
  ["[::1]:8080", "http://[::1]/x", false],
];
for (const [entry, url, listed] of cases) {
  test(`redirect-hosts ${entry} for ${url}`, () =>
    assert.equal(hostList([entry]).host(new URL(url)), listed));
}

test("a name does not list the addresses it leads to", () => {
  const list = hostList(["cdn.internal", "*.internal", "10.0.0.5", "fd00::/8"]);
  assert.equal(list.address("10.0.0.5"), true);
  assert.equal(list.address("::ffff:10.0.0.5"), true);
  assert.equal(list.address("fd12::1"), true);
  assert.equal(list.address("10.0.0.6"), false);
  assert.equal(list.address("127.0.0.1"), false);
});

for (const entry of ["", "*", "*.", "http://a/", "a:b", "a*b", "a.*", "[fe80::1%eth0.100]:80"]) {
  test(`redirect-hosts refuses '${entry}'`, () => {
    assert.throws(() => hostList([entry]), { code: "config_invalid" });
  });
}
