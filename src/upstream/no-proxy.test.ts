import assert from "node:assert/strict";
import { test } from "node:test";
import { bypasses } from "./no-proxy.ts";

const cases: [url: string, noProxy: string, direct: boolean][] = [
  ["http://deb.example.org/", "", false],
  ["http://deb.example.org/", "*", true],
  ["http://deb.example.org/", "example.org", true],
  ["http://deb.example.org/", ".example.org", true],
  ["http://deb.example.org/", "*.example.org", true],
  ["http://example.org/", ".example.org", true],
  ["http://example.org./", "example.org", true],
  ["http://EXAMPLE.org/", "Example.ORG", true],
  ["http://badexample.org/", "example.org", false],
  ["http://example.org.evil.net/", "example.org", false],
  ["http://deb.example.org/", "a.net, ,example.org", true],
  ["http://deb.example.org/", "a.net example.org", true],
  ["http://deb.example.org/", "deb.example.org:80", true],
  ["http://deb.example.org/", "deb.example.org:8080", false],
  ["http://deb.example.org:8080/", "example.org:8080", true],
  ["https://deb.example.org/", "example.org:443", true],
  ["http://deb.example.org/", ".", false],
  ["http://10.1.2.3/", "10.1.2.3", true],
  ["http://10.1.2.3/", "10.1.2.3:80", true],
  ["http://10.1.2.3/", "10.1.2.3:81", false],
  ["http://10.1.2.3/", "10.0.0.0/8", true],
  ["http://11.1.2.3/", "10.0.0.0/8", false],
  ["http://10.1.2.3/", "2.3", false],
  ["http://10.1.2.3/", "10.0.0.0/99", false],
  ["http://deb.example.org/", "0.0.0.0/0", false],
  ["http://[::1]/", "::1", true],
  ["http://[::1]/", "[::1]", true],
  ["http://[::1]:8080/", "[0:0::1]:8080", true],
  ["http://[fe80::1]/", "fe80::1%eth0.100", false],
  ["http://[::1]/", "[::%.1],::1", true],
  ["http://[fd00::5]/", "fd00::/8", true],
  ["http://[fd00::5]/", "10.0.0.0/8", false],
  ["http://[::ffff:10.1.2.3]/", "10.0.0.0/8", true],
];
for (const [url, noProxy, direct] of cases) {
  test(`NO_PROXY=${noProxy} for ${url}`, () => assert.equal(bypasses(new URL(url), noProxy), direct));
}
