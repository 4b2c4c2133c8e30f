import assert from "node:assert/strict";
import { test } from "node:test";
import { openTransport } from "./open.ts";

test("the scheme chooses the transport", async () => {
  assert.equal(openTransport("http://deb.example.org/debian").name, "http://deb.example.org/debian/");
  assert.equal(openTransport("HTTPS://u:p@deb.example.org/").name, "https://deb.example.org/");
  assert.equal(openTransport("file:///srv/mirror").name, "file:///srv/mirror/");
  await openTransport("http://deb.example.org/").close();
});

for (const url of ["ftp://a/b", "rsync://a/b", "/srv/mirror", "", "deb.example.org", "javascript:1"]) {
  test(`'${url}' is no upstream`, () => {
    assert.throws(() => openTransport(url), { code: "config_invalid" });
  });
}

test("a URL in a message shows no credentials", () => {
  assert.throws(
    () => openTransport("ftp://me:secret@deb.example.org/"),
    (error: Error) => {
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});
