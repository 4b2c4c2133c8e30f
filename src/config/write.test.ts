import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./parse.ts";
import { toy } from "./toy.test-helper.ts";
import { loadTrust } from "./trust.ts";
import { configText } from "./write.ts";

test("a key of the host's own sources is written as a block, and read again as it was", async () => {
  const line = "mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr";
  const key = `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${line}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n`;
  const mirror = { ecosystem: "toy", upstream: "https://deb.example.org", suites: ["a"], keyring: key };
  const text = configText("data", { mirrors: { m: mirror }, skipped: [] });
  assert.match(text, /^ {4}keyring: \|\n {6}-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n {6}mDME/m);
  const [read] = parseConfig(text, "sluice.yaml", [toy]).mirrors;
  assert.ok(read);
  const trust = await loadTrust(read);
  assert.deepEqual(trust.kind === "keys" && trust.files.map(({ bytes }) => Buffer.from(bytes).toString()), [
    key,
  ]);
});
