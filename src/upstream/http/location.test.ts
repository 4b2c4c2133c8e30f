import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostList } from "./hosts.ts";
import { parseBase, resolveFrom, resolveRedirect } from "./location.ts";

const none = hostList([]);
const base = (url: string) => parseBase(url).base;

test("the base keeps its path with and without a final slash", () => {
  for (const url of ["http://deb.example.org/debian", "http://deb.example.org/debian/"])
    assert.equal(resolveFrom(base(url), "dists/a", none).href, "http://deb.example.org/debian/dists/a");
  assert.equal(resolveFrom(base("http://deb.example.org"), "a", none).href, "http://deb.example.org/a");
});

test("credentials of the base are taken out and decoded", () => {
  const parsed = parseBase("https://u%40x:p%3A@deb.example.org/debian");
  assert.deepEqual([parsed.username, parsed.password], ["u@x", "p:"]);
  assert.equal(parsed.base.href, "https://deb.example.org/debian/");
});

for (const url of ["ftp://a/b", "nonsense", "http://a/?b", "http://a/#b", "http://%zz@a/"]) {
  test(`${url} is no base`, () => assert.throws(() => parseBase(url), { code: "config_invalid" }));
}

test("percent-encoding is kept as it is", () => {
  const url = resolveFrom(base("http://a/b"), "x%2by%7E%3a1.deb?v=1", none);
  assert.equal(url.href, "http://a/b/x%2by%7E%3a1.deb?v=1");
});

const escapes = [
  "//evil/x",
  "/x",
  "../x",
  "a/../../x",
  "%2e%2e/x",
  "..\\x",
  "\\\\evil\\x",
  "/\\evil/x",
  "http://",
  "\t//evil/x",
];
for (const from of escapes) {
  test(`a relative '${from}' does not leave the base`, () => {
    assert.throws(
      () => resolveFrom(base("http://a/b/"), from, none),
      (error: { code: string }) => ["path_refused", "redirect_refused"].includes(error.code),
    );
  });
}

test("no text leads elsewhere", () => {
  const start = base("http://a.example/b");
  const parts = fc.constantFrom(
    "/",
    "\\",
    ".",
    "..",
    "%2e",
    ":",
    "@",
    "evil",
    "\t",
    "\n",
    "#",
    "?",
    "http",
    "c",
  );
  fc.assert(
    fc.property(
      fc.array(parts).map((list) => list.join("")),
      (from) => {
        let url;
        try {
          url = resolveFrom(start, from, none);
        } catch {
          return;
        }
        assert.equal(url.origin, start.origin);
        assert.ok(url.pathname.startsWith("/b/"), url.href);
      },
    ),
  );
});

test("an absolute URL may name the same origin or a listed host", () => {
  const start = base("http://a.example/b");
  assert.equal(resolveFrom(start, "http://a.example/c", none).href, "http://a.example/c");
  assert.equal(
    resolveFrom(start, "https://u:p@cdn.example/c#f", hostList(["cdn.example"])).href,
    "https://cdn.example/c",
  );
  assert.throws(() => resolveFrom(start, "https://cdn.example/c?token=1", none), {
    code: "redirect_refused",
    message: "http://a.example/b/ names https://cdn.example/c, which is another host: refused.",
    hint: "If it is right, list cdn.example in redirect-hosts.",
  });
  assert.throws(() => resolveFrom(start, "file:///etc/passwd", none), { code: "redirect_refused" });
});

const redirects: [what: string, from: string, location: string, hosts: string[], to: string | undefined][] = [
  ["relative", "http://a/b/c", "d", [], "http://a/b/d"],
  ["path", "http://a/b/c", "/d", [], "http://a/d"],
  ["protocol-relative to another host", "http://a/b/c", "//e/d", [], undefined],
  ["upgrade to TLS", "http://a/b/c", "https://a/b/c", [], "https://a/b/c"],
  ["another port", "http://a/b/c", "http://a:22/", [], undefined],
  ["another port, listed", "http://a/b/c", "http://a:81/", ["a:81"], "http://a:81/"],
  ["downgrade", "https://a/b/c", "http://a/b/c", ["a"], undefined],
  ["another host", "http://a/b/c", "http://e/x", [], undefined],
  ["a listed host", "http://a/b/c", "http://e/x", ["e"], "http://e/x"],
  ["back from a listed host", "http://e/x", "http://a/x", ["e"], "http://a/x"],
  ["another scheme", "http://a/b/c", "file:///etc/passwd", [], undefined],
  ["no URL", "http://a/b/c", "http://[", [], undefined],
];
for (const [what, from, location, hosts, to] of redirects) {
  test(`redirect: ${what}`, () => {
    const start = base(from.startsWith("https") ? "https://a/" : "http://a/");
    const follow = () => resolveRedirect(start, new URL(from), location, hostList(hosts)).href;
    if (to === undefined) assert.throws(follow, { code: "redirect_refused" });
    else assert.equal(follow(), to);
  });
}

test("a base with an empty query or fragment is none: what is asked would be lost in it", () => {
  for (const text of ["http://h/x/?", "http://h/x/#", "http://h/?#"])
    assert.throws(() => parseBase(text), { code: "config_invalid" }, text);
});
