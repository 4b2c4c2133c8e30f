import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import { cacheControl, contentType } from "./kinds.ts";

const sha256 = "a".repeat(64);
const entry = (path: string, kind: ManifestEntry["kind"]): ManifestEntry => {
  return { path, kind, sha256, size: 1, from: path };
};

for (const [path, type] of [
  ["pool/a_1_all.deb", "application/vnd.debian.binary-package"],
  ["dists/stable/InRelease", "text/plain; charset=utf-8"],
  ["dists/stable/main/i18n/Translation-pt_BR", "text/plain; charset=utf-8"],
  ["dists/stable/Release.gpg", "application/pgp-signature"],
  ["dists/stable/main/binary-amd64/Packages.XZ", "application/x-xz"],
  [`by-hash/SHA256/${sha256}`, "application/octet-stream"],
  ["index.html", "application/octet-stream"],
  ["a.svg", "application/octet-stream"],
  ["a.constructor", "application/octet-stream"],
] as const) {
  test(`${path} is ${type}`, () => assert.equal(contentType(path), type));
}

const YEAR = "public, max-age=31536000, immutable";

test("how long a cache may keep a file depends on whether its URL can change its meaning", () => {
  assert.equal(cacheControl(entry("InRelease", "root"), false), "no-cache");
  assert.equal(cacheControl(entry("main/Packages.xz", "metadata"), false), "no-cache");
  assert.equal(cacheControl(entry("pool/a.deb", "package"), false), "public, max-age=86400");
  assert.equal(cacheControl(entry(`by-hash/SHA256/${sha256}`, "metadata"), false), YEAR);
  assert.equal(cacheControl(entry(`by-hash/SHA512/${"b".repeat(128)}`, "metadata"), false), YEAR);
  assert.equal(cacheControl(entry(`by-hash/SHA256/${"b".repeat(64)}`, "metadata"), false), "no-cache");
  assert.equal(cacheControl(entry(sha256, "root"), false), "no-cache");
  assert.equal(cacheControl(entry("InRelease", "root"), true), YEAR);
});
