import assert from "node:assert/strict";
import { test } from "node:test";
import { readKeyFile } from "./key-files.ts";
import { fingerprint, keyring, makeKey } from "./test-keys.ts";

const [one, two] = await Promise.all([makeKey({ name: "One" }), makeKey({ name: "Two" })]);
const both = [fingerprint(one), fingerprint(two)];

async function read(bytes: Buffer | string): Promise<string[]> {
  return (await readKeyFile({ name: "x.gpg", bytes: Buffer.from(bytes) })).map((key) => fingerprint(key));
}

test("binary and armoured keyrings with several keys", async () => {
  const armored = [one, two].map((key) => key.toPublic().armor()).join("");
  assert.deepEqual(await read(keyring([one, two])), both);
  assert.deepEqual(await read(armored), both);
  assert.deepEqual(await read(armored.replaceAll("\n", "\r\n")), both);
  assert.deepEqual(await read(armored.replaceAll("\n", " \n")), both);
  assert.deepEqual(await read(`\uFEFF${armored}`), both);
  assert.deepEqual(
    await read(`Our keys:\n\n${armored.replace(/\n-----BEGIN/g, "\n\nand\n\n-----BEGIN")}bye`),
    both,
  );
  const joined = Buffer.concat([one, two].map((key) => Buffer.from(key.toPublic().write())));
  assert.deepEqual(await read(joined), both);
});

test("what is not a keyring is refused by name", async () => {
  const keybox = Buffer.concat([
    Buffer.from([0, 0, 0, 32, 1, 1, 0, 2]),
    Buffer.from("KBXf"),
    Buffer.alloc(20),
  ]);
  const whole = keyring([one]);
  const cases: [Buffer | string, RegExp][] = [
    [keybox, /^The keyring x.gpg is a GnuPG keybox: export its keys with `gpg --export`/],
    ["", /is empty/],
    ["<html>404</html>", /holds no OpenPGP public key/],
    [whole.subarray(0, whole.length - 10), /cannot be read as OpenPGP keys/],
    [Buffer.from([0xff, 0x00, 0x12]), /cannot be read as OpenPGP keys/],
    [Buffer.from(one.write()), /holds a private key/],
    [one.armor(), /holds a private key/],
    [
      one
        .toPublic()
        .armor()
        .replace(/\n\n[^]*?\n-----END/, "\n\n!!!!\n-----END"),
      /cannot be read/,
    ],
  ];
  for (const [bytes, message] of cases)
    await assert.rejects(read(bytes), { code: "keyring_unreadable", message }, String(message));
});
