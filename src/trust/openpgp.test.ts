import assert from "node:assert/strict";
import { test } from "node:test";
import { type PrivateKey, enums } from "openpgp";
import type { Signer, Trust } from "./contract.ts";
import { openKeyring } from "./openpgp.ts";
import {
  BIRTH,
  DAY,
  armorSignatures,
  clearsign,
  fingerprint,
  frame,
  keyring,
  makeKey,
  revoke,
  signBytes,
  trustIn,
} from "./test-keys.ts";

const TEXT = "Origin: Test\nSuite: stable\n";
const DATA = Buffer.from("any bytes \r\n\n\0");
const [key, other, family] = await Promise.all([
  makeKey({ name: "Archive" }),
  makeKey({ name: "Other" }),
  makeKey({ name: "Family", subkeys: [{}, { lifetimeDays: 100 }] }),
]);
const [elder, younger] = family.subkeys;

async function signersOf(trust: Extract<Trust, { kind: "keys" }>, file: string): Promise<readonly Signer[]> {
  const ring = await openKeyring(trust);
  const { text, verification } = await ring.verifyCleartext(Buffer.from(file), "InRelease");
  assert.equal(text, TEXT.trimEnd());
  return verification.signers;
}

async function refused(
  trust: Extract<Trust, { kind: "keys" }>,
  file: string,
  code: string,
  message: RegExp,
): Promise<void> {
  await assert.rejects(signersOf(trust, file), { code, message });
}

async function detached(
  trust: Extract<Trust, { kind: "keys" }>,
  signature: Uint8Array | string,
  data = DATA,
): Promise<readonly Signer[]> {
  const ring = await openKeyring(trust);
  return (await ring.verifyDetached(data, Buffer.from(signature), "Release")).signers;
}

test("a good signature names its signer", async () => {
  const signer = {
    fingerprint: fingerprint(key),
    userId: "Archive <archive@example.org>",
    signedAt: BIRTH + DAY,
    weak: [],
  };
  assert.deepEqual(await signersOf(trustIn([other, key]), await clearsign(TEXT, [key])), [signer]);
  assert.deepEqual(await signersOf(trustIn([family]), await clearsign(TEXT, [younger ?? family])), [
    {
      ...signer,
      fingerprint: fingerprint(family),
      subkey: fingerprint(younger),
      userId: "Family <archive@example.org>",
      expires: BIRTH + 100 * DAY,
    },
  ]);
});

test("altered text is refused", async () => {
  const file = await clearsign(TEXT, [key]);
  const altered = file.replace("stable", "stabel");
  await refused(
    trustIn([key]),
    altered,
    "signature_bad",
    /^InRelease does not match the signature of \w{40} \(Archive/,
  );
  await refused(trustIn([key]), `Evil: 1\n${file}`, "signature_framing", /begins with 'Evil: 1'/);
  await refused(trustIn([key]), file.replace(/\n\n[^\n]{40}/g, "\n\n!"), "signature_bad", /signature/);
});

test("a key that is not in the keyring does not count; its ID is told", async () => {
  const file = await clearsign(TEXT, [other]);
  await refused(trustIn([key]), file, "signature_untrusted", new RegExp(fingerprint(other)));
  // A certificate of the same user ID with another key.
  await refused(trustIn([await makeKey({ name: "Other" })]), file, "signature_untrusted", /no key/);
});

test("of several signatures one good one is enough, and only good ones are listed", async () => {
  const bad = await signBytes(other, Buffer.from("something else"));
  const good = await signBytes(key, Buffer.from(TEXT.trimEnd().replace("\n", "\r\n")));
  const unknown = await signBytes(family, Buffer.from(TEXT));
  const names = (signers: readonly Signer[]): string[] => signers.map((signer) => signer.fingerprint);
  const trust = trustIn([key, other]);
  assert.deepEqual(names(await signersOf(trust, frame(TEXT, [unknown, bad, good]))), [fingerprint(key)]);
  assert.deepEqual(names(await signersOf(trust, frame(TEXT, [good, bad, unknown]))), [fingerprint(key)]);
  assert.deepEqual(names(await signersOf(trust, await clearsign(TEXT, [key, other]))), [
    fingerprint(key),
    fingerprint(other),
  ]);
  await refused(trust, frame(TEXT, [unknown, bad]), "signature_bad", new RegExp(fingerprint(other)));
  await refused(
    trust,
    frame(
      TEXT,
      Array.from({ length: 65 }, () => good),
    ),
    "signature_framing",
    /more than 64/,
  );
  const canonical = Buffer.from(TEXT.trimEnd().replace("\n", "\r\n"));
  const again = await signBytes(key, canonical, { date: BIRTH + 5 * DAY });
  for (const twice of [
    [good, again],
    [again, good],
  ]) {
    const times = (await signersOf(trust, frame(TEXT, twice))).map((signer) => signer.signedAt);
    assert.deepEqual(times, [BIRTH + 5 * DAY], "one signer, with its later signature");
  }
});

test("only signatures over data count", async () => {
  const canonical = Buffer.from(TEXT.trimEnd().replace("\n", "\r\n"));
  for (const type of [enums.signature.standalone, enums.signature.timestamp]) {
    const signature = await signBytes(key, canonical, { type });
    await refused(trustIn([key]), frame(TEXT, [signature]), "signature_untrusted", /no key/);
  }
});

test("detached: binary or armoured, in any number of blocks, over the bytes as they are", async () => {
  const signature = await signBytes(key, DATA);
  const second = await signBytes(other, DATA);
  const trust = trustIn([key, other]);
  const binary = Buffer.concat([signature, second].map((each) => Buffer.from(wrap(each.write()))));
  const armored = armorSignatures([signature, second]);
  const blocks = armorSignatures([signature]) + armorSignatures([second]);
  for (const form of [binary, armored, blocks, `\n${blocks.replaceAll("\n", "\r\n")}\n`])
    assert.equal((await detached(trust, form)).length, 2);
  const text = await signBytes(key, Buffer.from("a\r\nb\r\n"), { type: enums.signature.text });
  assert.equal((await detached(trust, armorSignatures([text]), Buffer.from("a\nb\n"))).length, 1);

  await assert.rejects(detached(trust, armored, DATA.subarray(1)), { code: "signature_bad" });
  const many = Buffer.alloc(100_000, Buffer.from([0x89, 0, 1, 4]));
  await assert.rejects(detached(trust, many), {
    code: "signature_framing",
    message: /more than 64 signatures/,
  });
  await assert.rejects(detached(trust, ""), { code: "signature_missing" });
  for (const junk of ["<html></html>", `${armored}Evil: 1`, `Evil: 1\n${armored}`, armored.slice(0, 90)])
    await assert.rejects(detached(trust, junk), { code: "signature_framing" }, junk);
  await assert.rejects(detached(trust, Buffer.from([0x88, 0x05, 1])), {
    code: /^signature_(?:bad|untrusted)$/,
  });
});

test("expiry: a signature made before counts for ever and tells it, one made after does not", async () => {
  const short = await makeKey({ lifetimeDays: 10 });
  const [signer] = await signersOf(trustIn([short]), await clearsign(TEXT, [short]));
  assert.equal(signer?.expires, BIRTH + 10 * DAY);
  const late = await clearsign(TEXT, [short], { date: BIRTH + 10 * DAY });
  await refused(
    trustIn([short]),
    late,
    "key_expired",
    /was signed on 2024-01-11 by .* had expired on 2024-01-11/,
  );
  const early = await clearsign(TEXT, [key], { date: BIRTH - DAY });
  await refused(trustIn([key]), early, "signature_bad", /is older than its key/);
  // The subkey lives longer than the primary key that vouches for it.
  const parent = await makeKey({ lifetimeDays: 10, subkeys: [{ lifetimeDays: 100 }] });
  const file = await clearsign(TEXT, parent.subkeys, { date: BIRTH + 20 * DAY });
  await refused(trustIn([parent]), file, "key_expired", /2024-01-11/);
  const [passing] = await signersOf(trustIn([key]), await clearsign(TEXT, [key], { lifetimeDays: 3 }));
  assert.equal(passing?.expires, BIRTH + 4 * DAY);
});

test("a revocation is told: from its date where the key was retired, from the beginning otherwise", async () => {
  const when = BIRTH + 50 * DAY;
  const { keyRetired, keySuperseded, keyCompromised, noReason } = enums.reasonForRevocation;
  const file = await clearsign(TEXT, [key], { date: BIRTH + 60 * DAY });
  for (const [reason, since] of [
    [keyRetired, when],
    [keySuperseded, when],
    [keyCompromised, 0],
    [noReason, 0],
  ] as const) {
    const revoked = await revoke(key, reason, when);
    const told = async (trust: Extract<Trust, { kind: "keys" }>): Promise<unknown> =>
      (await signersOf(trust, file)).map((signer) => signer.revoked);
    assert.deepEqual(await told(trustIn([revoked])), [since]);
    const revocations = [{ name: "today.gpg", bytes: keyring([other, revoked]) }];
    assert.deepEqual(await told(trustIn([key], { revocations })), [since]);
    assert.deepEqual(await told(trustIn([key, revoked])), [since], "the same key in two files");
    assert.deepEqual(await told(trustIn([key])), [undefined]);
  }
});

test("a revocation of the primary key reaches its subkeys, one of a subkey only itself", async () => {
  const when = BIRTH + 50 * DAY;
  const file = await clearsign(TEXT, [family, ...family.subkeys]);
  const revoked = await revoke(family, enums.reasonForRevocation.keyRetired, when);
  const all = await signersOf(trustIn([revoked]), file);
  assert.deepEqual(
    all.map((signer) => signer.revoked),
    [when, when, when],
  );
  const one = await revokeSubkey(family, when, enums.reasonForRevocation.keyRetired);
  const rest = await signersOf(trustIn([one]), file);
  assert.deepEqual(
    rest.map((signer) => signer.revoked),
    [undefined, when, undefined],
  );
  const revocations = [{ name: "today.gpg", bytes: keyring([one]) }];
  const merged = await signersOf(trustIn([family], { revocations }), file);
  assert.deepEqual(
    merged.map((signer) => signer.revoked),
    [undefined, when, undefined],
  );
});

test("a revocation file vouches for nothing", async () => {
  const revocations = [{ name: "today.gpg", bytes: keyring([other]) }];
  const file = await clearsign(TEXT, [other]);
  await refused(trustIn([key], { revocations }), file, "signature_untrusted", /no key/);
});

test("pins: a primary key with its subkeys, a subkey alone, or exactly the primary key", async () => {
  const file = await clearsign(TEXT, [family, ...family.subkeys, key]);
  const made = async (...pinned: string[]): Promise<string[]> =>
    (await signersOf(trustIn([key, family], { pinned }), file)).map(
      (each) => each.subkey ?? each.fingerprint,
    );
  const [a, b, c] = [family, elder, younger].map((each) => fingerprint(each));
  assert.deepEqual(await made(), [a, b, c, fingerprint(key)]);
  assert.deepEqual(await made(fingerprint(family)), [a, b, c]);
  assert.deepEqual(await made(`${fingerprint(family)}!`), [a]);
  assert.deepEqual(await made(fingerprint(elder)), [b]);
  assert.deepEqual(await made(`${fingerprint(elder)}!`), [b]);
  assert.deepEqual(await made(fingerprint(elder), fingerprint(key)), [b, fingerprint(key)]);
  assert.deepEqual(
    await made(
      fingerprint(key)
        .toLowerCase()
        .replace(/(.{4})/g, "$1 "),
    ),
    [fingerprint(key)],
  );
  await refused(
    trustIn([key, family], { pinned: [fingerprint(elder)] }),
    await clearsign(TEXT, [family, key]),
    "signature_untrusted",
    /no key/,
  );
  const nothing = { code: "keyring_empty" };
  await assert.rejects(openKeyring(trustIn([key], { pinned: [fingerprint(other)] })), nothing);
  await assert.rejects(openKeyring(trustIn([key], { pinned: ["ABCD"] })), nothing);
  await assert.rejects(openKeyring(trustIn([key], { pinned: [fingerprint(key).slice(-16)] })), nothing);
  await assert.rejects(openKeyring({ ...trustIn([key]), files: [] }), nothing);
});

test("weak digests and keys only where they are allowed by name", async () => {
  const small = await makeKey({ rsaBits: 1024 });
  const tiny = await makeKey({ rsaBits: 768 });
  const cases: [enums.hash, Signer["weak"]][] = [
    [enums.hash.sha256, ["rsa1024"]],
    [enums.hash.sha1, ["sha1", "rsa1024"]],
    [enums.hash.ripemd, ["sha1", "rsa1024"]],
    [enums.hash.md5, ["md5", "rsa1024"]],
  ];
  for (const [hash, weak] of cases) {
    const file = await clearsign(TEXT, [small], { hash });
    const message = new RegExp(`${fingerprint(small)} .*weak cryptography \\(${weak.join(", ")}\\)`);
    await refused(trustIn([small]), file, "key_weak", message);
    await refused(trustIn([small], { allowWeak: ["dsa"] }), file, "key_weak", message);
    const [signer] = await signersOf(trustIn([small], { allowWeak: weak }), file);
    assert.deepEqual(signer?.weak, weak);
    for (const one of weak.slice(1)) {
      const rest = weak.filter((weakness) => weakness !== one);
      const words = new RegExp(`weak cryptography \\(${one}\\)`);
      await refused(trustIn([small], { allowWeak: rest }), file, "key_weak", words);
    }
  }
  const broken = await clearsign(TEXT, [tiny]);
  await refused(
    trustIn([tiny], { allowWeak: ["rsa1024"] }),
    broken,
    "signature_untrusted",
    /not allowed to sign/,
  );
  // A strong signature beside a weak one is enough.
  const both = await clearsign(TEXT, [small, key]);
  assert.deepEqual(
    (await signersOf(trustIn([small, key]), both)).map((each) => each.weak),
    [[]],
  );
});

test("what is known of the certificates, and one block with them for clients", async () => {
  const short = await makeKey({ name: "Short", lifetimeDays: 10 });
  const small = await makeKey({ name: "Small", rsaBits: 1024 });
  const ring = await openKeyring(trustIn([family, short, small]));
  assert.deepEqual(ring.certificates(), [
    {
      fingerprint: fingerprint(family),
      subkeys: [fingerprint(elder), fingerprint(younger)],
      userId: "Family <archive@example.org>",
      weak: [],
    },
    {
      fingerprint: fingerprint(short),
      subkeys: [],
      userId: "Short <archive@example.org>",
      expires: BIRTH + 10 * DAY,
      weak: [],
    },
    {
      fingerprint: fingerprint(small),
      subkeys: [],
      userId: "Small <archive@example.org>",
      weak: ["rsa1024"],
    },
  ]);
  const armored = ring.armor();
  assert.equal(armored.match(/BEGIN/g)?.length, 1);
  const again = await reopen(armored);
  assert.deepEqual(again.certificates(), ring.certificates().slice(0, 2), "the weak key is left out");
  const file = await clearsign(TEXT, family.subkeys);
  const { verification } = await again.verifyCleartext(Buffer.from(file), "InRelease");
  assert.equal(verification.signers.length, 2);

  const pinned = await openKeyring(trustIn([family, key], { pinned: [fingerprint(younger)] }));
  assert.deepEqual(pinned.certificates()[0]?.subkeys, [fingerprint(younger)]);
  assert.deepEqual((await reopen(pinned.armor())).certificates(), pinned.certificates());
  const revoked = await openKeyring(trustIn([await revoke(key, enums.reasonForRevocation.noReason, BIRTH)]));
  assert.throws(() => revoked.armor(), { code: "keyring_empty" });
  const without = await revokeSubkey(family, BIRTH, enums.reasonForRevocation.keyCompromised);
  const rest = await reopen((await openKeyring(trustIn([without]))).armor());
  assert.deepEqual(rest.certificates()[0]?.subkeys, [fingerprint(younger)]);
});

async function reopen(armored: string): ReturnType<typeof openKeyring> {
  const files = [{ name: "client.asc", bytes: Buffer.from(armored) }];
  return openKeyring({ kind: "keys", files, pinned: [], allowWeak: ["rsa1024"] });
}

async function revokeSubkey(
  parent: PrivateKey,
  when: number,
  flag: enums.reasonForRevocation,
): Promise<PrivateKey> {
  const [first] = parent.subkeys;
  if (first === undefined) throw new Error("the key has a subkey");
  const revoked = await first.revoke(parent.keyPacket as never, { flag }, new Date(when));
  const clone = (parent as PrivateKey & { clone(): PrivateKey }).clone();
  clone.subkeys[0] = revoked;
  return clone;
}

/** A packet's body with a header of the old format and a length of two bytes. */
function wrap(body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([0x89, body.length >> 8, body.length & 255]), body]);
}
