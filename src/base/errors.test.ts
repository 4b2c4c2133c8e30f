import assert from "node:assert/strict";
import { test } from "node:test";
import { asSluiceError, sanitize, SluiceError } from "./errors.ts";

test("credentials of URLs and control characters never get into a sentence", () => {
  const error = new SluiceError(
    "usage",
    "at http://user:secret@host/x and https://tok%40en@h2:80/y\u001b[31m\nend",
  );
  assert.equal(error.message, "at http://host/x and https://h2:80/y?[31m?end");
  assert.equal(sanitize("mailto://a@b@c/d@e"), "mailto://c/d@e");
  assert.equal(sanitize("no url, but a@b.c"), "no url, but a@b.c");
});

test("a long hostile text is cut, and sanitised in linear time", () => {
  assert.equal(sanitize("://@".repeat(200_000)).length, 2000);
});

test("a full disk and a closed door are told as such; anything else is internal", () => {
  const full = Object.assign(new Error("x"), { code: "ENOSPC" });
  assert.equal(asSluiceError(full).code, "disk_full");
  assert.equal(
    asSluiceError(Object.assign(new Error("x"), { code: "EACCES", path: "/p" })).code,
    "store_unusable",
  );
  assert.equal(asSluiceError(new TypeError("boom")).code, "internal");
  assert.equal(asSluiceError("text").message, "Unexpected: text");
});

test("of an error and those of clearing up after it, the first one is told", () => {
  const full = Object.assign(new Error("x"), { code: "ENOSPC" });
  const disposal = new Error("release");
  const twice = new SuppressedError(disposal, new SuppressedError(disposal, full));
  assert.equal(asSluiceError(twice).code, "disk_full");
  const told = new SluiceError("usage", "the first");
  assert.equal(asSluiceError(new SuppressedError(disposal, told)), told);
});
