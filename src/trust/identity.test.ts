import assert from "node:assert/strict";
import { test } from "node:test";
import { enums, readPrivateKey } from "openpgp";
import { createIdentity, openIdentity, openSiteKey } from "./identity.ts";
import { BIRTH, DAY, makeKey, revoke } from "./test-keys.ts";

const keys = await createIdentity("site of the tests", () => BIRTH);
const DATA = Buffer.from('{"format":1}\n');

test("a site signs, and another verifies with its public key", async () => {
  const identity = await openIdentity(keys.privateKey, () => BIRTH + DAY);
  const site = await openSiteKey(keys.publicKey);
  assert.match(keys.fingerprint, /^[0-9A-F]{40}$/);
  assert.equal(identity.fingerprint, keys.fingerprint);
  assert.equal(site.fingerprint, keys.fingerprint);
  assert.equal((await openSiteKey(identity.publicKey)).fingerprint, keys.fingerprint);
  const signature = await identity.sign(DATA);
  assert.match(signature, /^-----BEGIN PGP SIGNATURE-----\n/);
  assert.equal(await site.verify(DATA, signature), true);
  assert.equal(await site.verify(DATA.subarray(1), signature), false);
  assert.equal(await site.verify(DATA, signature.replace(/\n\n.{20}/, "\n\nAAAA")), false);
  assert.equal(await site.verify(DATA, ""), false);
  assert.equal(await site.verify(DATA, "no signature"), false);
});

test("no bit of a signature can change unseen", async () => {
  const identity = await openIdentity(keys.privateKey, () => BIRTH + DAY);
  const site = await openSiteKey(keys.publicKey);
  const signature = Buffer.from(await identity.sign(DATA));
  const seen: number[] = [];
  for (let at = 0; at < signature.length; at++) {
    const changed = Buffer.from(signature);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
    if (await site.verify(DATA, changed.toString("latin1"))) seen.push(at);
  }
  assert.deepEqual(seen, []);
  for (const more of ["\n", " ", "\t\n"]) {
    assert.equal(await site.verify(DATA, signature.toString() + more), false);
    assert.equal(await site.verify(DATA, signature.toString().replace("\n\n", `\n${more}\n`)), false);
  }
});

test("the signature of another site is none", async () => {
  const other = await openIdentity((await createIdentity("other")).privateKey);
  const site = await openSiteKey(keys.publicKey);
  assert.equal(await site.verify(DATA, await other.sign(DATA)), false);
});

test("a revoked site key verifies nothing", async () => {
  const identity = await openIdentity(keys.privateKey);
  const key = await readPrivateKey({ armoredKey: keys.privateKey });
  const revoked = await revoke(key, enums.reasonForRevocation.keyCompromised, BIRTH + DAY);
  const site = await openSiteKey(revoked.toPublic().armor());
  assert.equal(await site.verify(DATA, await identity.sign(DATA)), false);
});

test("the same bytes at the same time give the same signature", async () => {
  const identity = await openIdentity(keys.privateKey, () => BIRTH + DAY);
  assert.equal(await identity.sign(DATA), await identity.sign(DATA));
  const later = await openIdentity(keys.privateKey, () => BIRTH + 2 * DAY);
  assert.notEqual(await identity.sign(DATA), await later.sign(DATA));
});

test("a first signature counts even where the clock steps back a little", async () => {
  const identity = await openIdentity(keys.privateKey, () => BIRTH - 900);
  assert.equal(await (await openSiteKey(keys.publicKey)).verify(DATA, await identity.sign(DATA)), true);
});

test("a clock set back before the key was made signs as of its making; verifying does not look at the clock", async () => {
  for (const born of [BIRTH, Date.now() + 3650 * DAY]) {
    const made = await createIdentity("site", () => born);
    const site = await openSiteKey(made.publicKey);
    for (const now of [born - 4000 * DAY, born - 2000, born + DAY]) {
      const signature = await (await openIdentity(made.privateKey, () => now)).sign(DATA);
      assert.equal(await site.verify(DATA, signature), true, `${born} ${now}`);
    }
  }
});

test("key files that are none", async () => {
  await assert.rejects(openIdentity("nothing"), { code: "keyring_unreadable" });
  await assert.rejects(openIdentity(keys.publicKey), { code: "keyring_unreadable" });
  await assert.rejects(openSiteKey(keys.privateKey), { code: "keyring_unreadable" });
  const damaged = `${keys.publicKey.slice(0, 200)}${keys.publicKey.slice(230)}`;
  for (const file of ["nothing", "", damaged])
    await assert.rejects(openSiteKey(file), {
      code: "keyring_unreadable",
      message:
        "A site's public key is damaged, or is none: get it again with 'sluice key export' on that site.",
    });
  const [one, two] = await Promise.all([makeKey(), makeKey()]);
  const both = [one, two].map((key) => key.toPublic().armor()).join("");
  await assert.rejects(openSiteKey(both), { code: "keyring_unreadable", message: /exactly one key/ });
});
