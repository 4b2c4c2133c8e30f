// Compares verdicts with GnuPG's gpgv, on certificates and signatures with every fault that can be made by
// hand.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, after, test } from "node:test";
import { type AnySecretKeyPacket, type PrivateKey, type SignaturePacket, enums } from "openpgp";
import { createIdentity, openIdentity } from "./identity.ts";
import { openKeyring } from "./openpgp.ts";
import { type Certificate, writePackets } from "./packets.ts";
import {
  BIRTH,
  DAY,
  armorSignatures,
  clearsign,
  frame,
  keyring,
  makeKey,
  revoke,
  signBytes,
  signData,
  takeApart,
  trustIn,
} from "./test-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-gpg-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function missing(t: TestContext, ...tools: string[]): boolean {
  const absent = tools.filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
  if (absent.length === 0) return false;
  assert.ok(process.env["CI"] === undefined, `${absent.join(", ")} is not installed`);
  t.skip(`${absent.join(", ")} is not installed`);
  return true;
}

type Verdict = "good" | "expired" | "revoked" | "bad" | "refused";

interface Case {
  readonly keys: Uint8Array;
  /** A clear-signed file, or the signature of `data`. */
  readonly file: string | Uint8Array;
  readonly data?: Uint8Array;
}

function gpgv({ keys, file, data }: Case): Verdict {
  const [ring, signed, signature] = ["ring.gpg", "signed", "signature"].map((name) => join(folder, name));
  assert.ok(ring && signed && signature);
  writeFileSync(ring, keys);
  writeFileSync(signature, file);
  if (data !== undefined) writeFileSync(signed, data);
  const parameters = [
    "--status-fd",
    "1",
    "--keyring",
    ring,
    signature,
    ...(data === undefined ? [] : [signed]),
  ];
  const { stdout } = spawnSync("gpgv", ["--homedir", folder, ...parameters], { encoding: "utf8" });
  const has = (word: string): boolean => stdout.includes(`[GNUPG:] ${word} `);
  if (has("GOODSIG") && has("VALIDSIG")) return "good";
  if (has("EXPKEYSIG") || has("EXPSIG")) return "expired";
  if (has("REVKEYSIG")) return "revoked";
  return has("BADSIG") ? "bad" : "refused";
}

async function ours({ keys, file, data }: Case): Promise<Verdict> {
  const files = [{ name: "ring.gpg", bytes: keys }];
  try {
    const ring = await openKeyring({
      kind: "keys",
      files,
      pinned: [],
      allowWeak: ["sha1", "rsa1024", "dsa"],
    });
    const bytes = Buffer.from(file);
    const { signers } =
      data === undefined
        ? (await ring.verifyCleartext(bytes, "x")).verification
        : await ring.verifyDetached(data, bytes, "x");
    const now = Date.now();
    if (signers.some((signer) => signer.revoked === undefined && (signer.expires ?? now + 1) > now))
      return "good";
    return signers.some((signer) => signer.revoked !== undefined) ? "revoked" : "expired";
  } catch (error) {
    const { code } = error as { code: string };
    if (code === "key_expired") return "expired";
    return code === "signature_bad" ? "bad" : "refused";
  }
}

/** The packets of a certificate, changed, as a keyring. */
function rebuild(key: PrivateKey, change: (packets: Certificate) => void): Uint8Array {
  const packets = takeApart(key);
  change(packets);
  return writePackets([
    packets.primary,
    ...packets.revocations,
    ...packets.direct,
    ...[...packets.users.values()].flatMap((user) => [
      user.packet,
      ...user.certifications,
      ...user.revocations,
    ]),
    ...[...packets.subkeys.values()].flatMap((subkey) => [
      subkey.packet,
      ...subkey.bindings,
      ...subkey.revocations,
    ]),
  ]);
}

const TEXT = "Origin: Test  \n- dashed\n\n-----BEGIN PGP\n\tend\t\n";
const FLAGS = { keyFlags: new Uint8Array([3]) };
const lifetime = (days: number): Partial<SignaturePacket> => ({
  keyNeverExpires: false,
  keyExpirationTime: (days * DAY) / 1000,
});
const [key, other, family, short] = await Promise.all([
  makeKey(),
  makeKey({ name: "Other" }),
  makeKey({ subkeys: [{}] }),
  makeKey({ lifetimeDays: 10 }),
]);
const secret = (each: { keyPacket: unknown }): AnySecretKeyPacket => each.keyPacket as AnySecretKeyPacket;
const signed = await clearsign(TEXT, [key]);
const { certPositive, certRevocation, subkeyBinding, keyBinding } = enums.signature;

async function certify(
  each: PrivateKey,
  when: number,
  more: Partial<SignaturePacket>,
): Promise<SignaturePacket> {
  const data = { key: each.keyPacket, userID: each.users[0]?.userID };
  return signData(secret(each), data, { type: certPositive, date: when }, { ...FLAGS, ...more });
}

async function withCertifications(each: PrivateKey, ...signatures: SignaturePacket[]): Promise<Uint8Array> {
  return rebuild(each, ({ users }) => {
    for (const user of users.values()) user.certifications.splice(0, Infinity, ...signatures);
  });
}

async function withBinding(binding: SignaturePacket[]): Promise<Uint8Array> {
  return rebuild(family, ({ subkeys }) => {
    for (const subkey of subkeys.values()) subkey.bindings.splice(0, Infinity, ...binding);
  });
}

async function bind(
  by: PrivateKey,
  back: PrivateKey | undefined,
  flags = 2,
  type = keyBinding,
): Promise<SignaturePacket> {
  const [subkey] = family.subkeys;
  assert.ok(subkey);
  const data = { key: family.keyPacket, bind: subkey.keyPacket };
  const more: Partial<SignaturePacket> = { keyFlags: new Uint8Array([flags]) };
  if (back !== undefined) {
    const signer = secret(back === family ? subkey : back);
    more.embeddedSignature = await signData(signer, data, { type, date: BIRTH });
  }
  return signData(secret(by), data, { type: subkeyBinding, date: BIRTH }, more);
}

async function cases(): Promise<Record<string, [Verdict, Case]>> {
  const file = await clearsign(TEXT, family.subkeys);
  const old = await clearsign(TEXT, [short]);
  const late = await clearsign(TEXT, [short], { date: BIRTH + 20 * DAY });
  const data = Buffer.from("A: 1 \nB: 2\r\n\n");
  const canonical = Buffer.from("Origin: Test\r\n- dashed\r\n\r\n-----BEGIN PGP\r\n\tend");
  const small = await makeKey({ rsaBits: 1024 });
  const retired = await revoke(key, enums.reasonForRevocation.keyRetired, BIRTH + 50 * DAY);
  const withoutUser = await signData(
    secret(key),
    { key: key.keyPacket, userID: key.users[0]?.userID },
    { type: certRevocation, date: BIRTH + 5 * DAY },
  );
  const foreign = await signData(
    secret(other),
    { key: key.keyPacket },
    { type: enums.signature.keyRevocation },
  );
  const binary = { type: enums.signature.binary };
  const text = { type: enums.signature.text };
  return {
    "a good signature": ["good", { keys: keyring([other, key]), file: signed }],
    "with CRLF": ["good", { keys: keyring([key]), file: signed.replaceAll("\n", "\r\n") }],
    "by two keys, one unknown": ["good", { keys: keyring([key]), file: await clearsign(TEXT, [other, key]) }],
    "of the binary type": [
      "good",
      { keys: keyring([key]), file: frame(TEXT, [await signBytes(key, canonical, binary)]) },
    ],
    "over SHA-1": [
      "good",
      {
        keys: keyring([small]),
        file: (await clearsign(TEXT, [small], { hash: enums.hash.sha1 })).replace("SHA256", "SHA1"),
      },
    ],
    altered: ["bad", { keys: keyring([key]), file: signed.replace("end", "eND") }],
    "by an unknown key": ["refused", { keys: keyring([other]), file: signed }],
    "by a subkey": ["good", { keys: keyring([family]), file }],
    "by a subkey bound by another key": [
      "refused",
      { keys: await withBinding([await bind(other, family)]), file },
    ],
    "by a subkey that is not bound": ["refused", { keys: await withBinding([]), file }],
    "by a subkey that does not sign back": [
      "refused",
      { keys: await withBinding([await bind(family, undefined)]), file },
    ],
    "by a subkey for which another signs back": [
      "refused",
      { keys: await withBinding([await bind(family, other)]), file },
    ],
    "by a subkey bound anew": ["good", { keys: await withBinding([await bind(family, family)]), file }],
    "by a subkey that is for encryption": [
      "refused",
      { keys: await withBinding([await bind(family, family, 8)]), file },
    ],
    "by a subkey whose answer is of another type": [
      "refused",
      { keys: await withBinding([await bind(family, family, 2, subkeyBinding)]), file },
    ],
    "by a key that is for certifying": [
      "refused",
      {
        keys: await withCertifications(key, await certify(key, BIRTH, { keyFlags: new Uint8Array([1]) })),
        file: signed,
      },
    ],
    "by a key now expired": ["expired", { keys: keyring([short]), file: old }],
    "by a key expired then": ["expired", { keys: keyring([short]), file: late }],
    "by a key extended since": [
      "good",
      {
        keys: await withCertifications(
          short,
          await certify(short, BIRTH, lifetime(10)),
          await certify(short, BIRTH + 15 * DAY, lifetime(9000)),
        ),
        file: late,
      },
    ],
    "by a key with only a newer self-signature": [
      "good",
      { keys: await withCertifications(short, await certify(short, BIRTH + 15 * DAY, {})), file: old },
    ],
    "by a key shortened since": [
      "expired",
      {
        keys: await withCertifications(
          key,
          await certify(key, BIRTH, {}),
          await certify(key, BIRTH + DAY, lifetime(10)),
        ),
        file: signed,
      },
    ],
    "by a key without self-signature": ["refused", { keys: await withCertifications(key), file: signed }],
    "by a key whose self-signature another made": [
      "refused",
      { keys: await withCertifications(key, await certify(other, BIRTH, {})), file: signed },
    ],
    // gpgv does not ask for a valid user ID.
    "by a key whose only user ID is revoked": [
      "refused",
      {
        keys: rebuild(key, ({ users }) => users.values().next().value?.revocations.push(withoutUser)),
        file: signed,
      },
    ],
    "by a revoked key": ["revoked", { keys: keyring([retired]), file: signed }],
    "by a key that another revoked": [
      "good",
      { keys: rebuild(key, ({ revocations }) => revocations.push(foreign)), file: signed },
    ],
    detached: [
      "good",
      { keys: keyring([key]), file: armorSignatures([await signBytes(key, data, binary)]), data },
    ],
    "detached, of the text type": [
      "good",
      {
        keys: keyring([key]),
        file: armorSignatures([await signBytes(key, Buffer.from("A: 1 \r\nB: 2\r\n\r\n"), text)]),
        data,
      },
    ],
    "detached, altered": [
      "bad",
      {
        keys: keyring([key]),
        file: armorSignatures([await signBytes(key, data, binary)]),
        data: data.subarray(1),
      },
    ],
    "detached, past its own lifetime": [
      "expired",
      {
        keys: keyring([key]),
        file: armorSignatures([await signBytes(key, data, { lifetimeDays: 2 })]),
        data,
      },
    ],
  };
}

test("the same verdicts as gpgv", async (t) => {
  const skipped = missing(t, "gpgv");
  for (const [name, [expected, each]] of Object.entries(await cases())) {
    assert.equal(await ours(each), expected, `Sluice: ${name}`);
    const theirs = name.includes("only user ID") ? "good" : expected;
    if (!skipped) assert.equal(gpgv(each), theirs, `gpgv: ${name}`);
  }
});

test("gpgv accepts what the site signs, and the keys that clients are given", async (t) => {
  if (missing(t, "gpgv", "gpg")) return;
  const data = Buffer.from("record");
  const identity = await openIdentity((await createIdentity("test")).privateKey);
  const file = await identity.sign(data);
  assert.equal(gpgv({ keys: dearmor(identity.publicKey), file, data }), "good");
  const armored = (await openKeyring(trustIn([key, family, other]))).armor();
  const all = await clearsign(TEXT, [key, ...family.subkeys, other]);
  assert.equal(gpgv({ keys: dearmor(armored), file: all }), "good");
  for (const each of [key, ...family.subkeys, other])
    assert.equal(gpgv({ keys: dearmor(armored), file: await clearsign(TEXT, [each]) }), "good");
});

test("what gpg makes: a key with a signing subkey, a DSA key, both kinds of signature", async (t) => {
  if (missing(t, "gpg", "gpgconf")) return;
  const home = mkdtempSync(join(tmpdir(), "sluice-gnupg-"));
  const gpg = (parameters: string[], input = ""): Buffer =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...parameters], {
      input,
      stdio: ["pipe", "pipe", "ignore"],
    });
  try {
    gpg(["--quick-generate-key", "Gnu Archive", "ed25519", "cert", "never"]);
    const [primary = ""] = /(?<=^fpr:+)[0-9A-F]{40}/m.exec(gpg(["--with-colons", "-K"]).toString()) ?? [];
    gpg(["--quick-add-key", primary, "ed25519", "sign", "1y"]);
    gpg(["--quick-generate-key", "Old Archive", "dsa1024", "sign", "never"]);
    const files = [
      { name: "gnu.asc", bytes: gpg(["--export", "-a", "Gnu Archive"]) },
      { name: "old.gpg", bytes: gpg(["--export", "Old Archive"]) },
    ];
    const ring = await openKeyring({ kind: "keys", files, pinned: [], allowWeak: [] });
    const [gnu, old] = ring.certificates();
    assert.equal(gnu?.fingerprint, primary);
    assert.equal(gnu.subkeys.length, 1);
    assert.deepEqual(old?.weak, ["dsa"]);

    const clear = gpg(["--clearsign", "-u", "Gnu Archive"], TEXT);
    const { text, verification } = await ring.verifyCleartext(clear, "x");
    assert.equal(text, TEXT.replaceAll(/[ \t]+$/gm, "").trimEnd());
    assert.equal(verification.signers[0]?.subkey, gnu.subkeys[0]);
    assert.equal(verification.signers[0]?.userId, "Gnu Archive");
    const detached = gpg(["--detach-sign", "-u", "Gnu Archive"], TEXT);
    assert.equal((await ring.verifyDetached(Buffer.from(TEXT), detached, "x")).signers.length, 1);

    const weak = gpg(["--clearsign", "-u", "Old Archive"], TEXT);
    await assert.rejects(ring.verifyCleartext(weak, "x"), { code: "key_weak", message: /\(sha1, dsa\)/ });
    const lax = await openKeyring({ kind: "keys", files, pinned: [], allowWeak: ["sha1", "dsa"] });
    assert.deepEqual((await lax.verifyCleartext(weak, "x")).verification.signers[0]?.weak, ["sha1", "dsa"]);
  } finally {
    execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    rmSync(home, { recursive: true, force: true });
  }
});

test("Debian's own keyring and metadata, where this host has them", async (t) => {
  const folder = "/var/lib/apt/lists";
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const lists = `${folder}/${names.find((name) => name.endsWith("_debian_dists_bookworm_InRelease")) ?? "none"}`;
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const readable = [lists, keys].every((path) => existsSync(path));
  if (!readable) return t.skip("not a Debian 12 host");
  const each = { keys: readFileSync(keys), file: readFileSync(lists) };
  assert.notEqual(await ours(each), "bad");
  const altered = Buffer.from(each.file.toString("latin1").replace("Debian", "Debiam"), "latin1");
  assert.equal(await ours({ ...each, file: altered }), "bad");
  if (!missing(t, "gpgv")) assert.equal(await ours(each), gpgv(each));
});

function dearmor(armored: string): Buffer {
  return execFileSync("gpg", ["--homedir", folder, "--dearmor"], {
    input: armored,
    stdio: ["pipe", "pipe", "ignore"],
  });
}
