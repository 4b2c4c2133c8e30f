import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { needs } from "../../../test/needs.ts";
import { Cleanup } from "../../../test/temp.ts";
import { openKeys, type KeyStore, type SigningKey } from "../../../test/upstreams/gpg.ts";
import { buildRpm, rpmVersion, type RpmSpec } from "../../../test/upstreams/rpm-package.ts";
import { SluiceError } from "../../base/errors.ts";
import type { Trust } from "../../trust/contract.ts";
import type { Entry } from "../../upstream/contract.ts";
import { check } from "./check.ts";
import { trustOf } from "./repository.test-helper.ts";

const skip = needs("rpmbuild", "rpmsign", "gpg");
const TOOL: RpmSpec = { name: "tool", version: "2.0", epoch: 1, bytes: 3000 };
const ON = { repositories: ["."], gpgcheck: true, mode: "verbatim" as const };

suite("the proof of a package by itself", { skip }, () => {
  const cleanup = new Cleanup();
  let keys: KeyStore;
  let vendor: SigningKey;
  let trust: Trust & { kind: "keys" };
  let tool: Buffer;
  let folder: string;
  before(async () => {
    keys = cleanup.use(await openKeys());
    vendor = await keys.create("Vendor <vendor@example.org>", { algorithm: "rsa3072" });
    trust = await trustOf(vendor.binary);
    folder = await cleanup.folder("rpms");
    tool = await built(TOOL);
  });
  after(async () => await cleanup.run());

  const built = async (spec: RpmSpec, signer: SigningKey | null = vendor): Promise<Buffer> =>
    readFile(await buildRpm(spec, keys, signer, folder));

  function entryOf(bytes: Buffer, spec = TOOL): Entry {
    const { name, arch = "noarch" } = spec;
    const digests = { sha256: createHash("sha256").update(bytes).digest("hex") };
    const identity = { name, version: rpmVersion(spec), arch };
    return { path: "p.rpm", from: "p.rpm", kind: "package", digests, size: bytes.length, package: identity };
  }

  async function proved(bytes: Buffer, by: Trust = trust, options = ON, spec = TOOL): Promise<string> {
    const source = (async function* () {
      for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
    })();
    return check(entryOf(bytes, spec), source, by, undefined, options).then(
      () => "sound",
      (error: unknown) => {
        assert.ok(error instanceof SluiceError, String(error));
        assert.match(error.message, /p\.rpm/);
        return error.code;
      },
    );
  }

  const PACKAGES_ONLY = () => ({ ...trust, scope: "packages" as const });

  test("signed by a key of the keyring: RSA, and Ed25519", async () => {
    assert.equal(await proved(tool), "sound");
    assert.equal(await proved(tool, PACKAGES_ONLY()), "sound");
    const young = await keys.create("Young <young@example.org>");
    assert.equal(await proved(await built(TOOL, young), await trustOf(young.binary)), "sound");
  });

  test("not signed, signed by a stranger, by a key that was revoked", async () => {
    const bare = await built(TOOL, null);
    assert.equal(await proved(bare), "signature_missing");
    assert.equal(await proved(bare, PACKAGES_ONLY()), "signature_missing");
    const stranger = await keys.create("Stranger <stranger@example.org>", { algorithm: "rsa3072" });
    const theirs = await built(TOOL, stranger);
    assert.equal(await proved(theirs), "signature_untrusted");
    assert.equal(await proved(theirs, await trustOf(stranger.binary)), "sound");
    assert.equal(await proved(theirs, await trustOf(await keys.revoke(stranger))), "key_revoked");
  });

  test("off by option, or with trust in nobody, unsigned packages pass, but never where packages are all that is trusted", async () => {
    const bare = await built(TOOL, null);
    assert.equal(await proved(bare, { kind: "none" }), "sound");
    assert.equal(await proved(bare, trust, { ...ON, gpgcheck: false }), "sound");
    assert.equal(await proved(bare, PACKAGES_ONLY(), { ...ON, gpgcheck: false }), "signature_missing");
  });

  test("a bit anywhere behind the lead is found, but in what no client reads either", async () => {
    const signatureEnd = 96 + 16 + 16 * tool.readUInt32BE(96 + 8) + tool.readUInt32BE(96 + 12);
    const header = signatureEnd + ((8 - (signatureEnd % 8)) % 8);
    const passed: number[] = [];
    for (let at = header; at < tool.length; at += 97) {
      const flipped = Buffer.from(tool);
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      if ((await proved(flipped)) === "sound") passed.push(at);
    }
    assert.deepEqual(passed, []);
  });

  test("digests of the header that do not fit it", async () => {
    const { header } = offsets(tool);
    const size = 16 + 16 * tool.readUInt32BE(header + 8) + tool.readUInt32BE(header + 12);
    for (const algorithm of ["sha1", "sha256"]) {
      const hex = createHash(algorithm)
        .update(tool.subarray(header, header + size))
        .digest("hex");
      const at = tool.indexOf(hex);
      assert.ok(at > 96 && at < header, `rpm writes the ${algorithm} of the header`);
      const other = Buffer.from(tool);
      other.write(hex.startsWith("0") ? "1" : "0", at);
      assert.equal(await proved(other), "package_unsound", algorithm);
    }
  });

  test("cut off at any place, lengthened, or something else altogether", async () => {
    for (let at = 0; at < tool.length; at += 251)
      assert.match(await proved(tool.subarray(0, at)), /^(package_unsound|signature_bad)$/, String(at));
    assert.equal(await proved(Buffer.concat([tool, Buffer.from("more")])), "package_unsound");
    assert.equal(await proved(Buffer.from("<html>Please log in</html>".repeat(20))), "package_unsound");
  });

  test("a sound package of the vendor's under another name, version or architecture", async () => {
    for (const spec of [
      { ...TOOL, name: "other" },
      { ...TOOL, version: "3.0" },
      { ...TOOL, epoch: 2 },
      { ...TOOL, arch: "x86_64" },
    ])
      assert.equal(await proved(tool, trust, ON, spec), "package_unsound");
  });

  test("sizes in a header that are out of all measure take no memory", async () => {
    for (const at of [96 + 8, 96 + 12]) {
      const bad = Buffer.from(tool);
      bad.writeUInt32BE(0xfffffff0, at);
      assert.equal(await proved(bad), "package_unsound");
    }
  });

  test("a header that a signature covers, but whose payload nothing vouches for, needs signed metadata", async () => {
    // What the header says of the payload's digest is made unreadable, and the header signed anew.
    const bare = withoutPayloadDigest(await built({ ...TOOL, name: "old" }, null));
    const signed = await signedHeader(bare);
    const spec = { ...TOOL, name: "old" };
    assert.equal(await proved(signed, trust, ON, spec), "sound");
    assert.equal(await proved(signed, PACKAGES_ONLY(), ON, spec), "signature_missing");
  });

  test("a package of old, with one signature over header and payload", async () => {
    const bare = withoutPayloadDigest(await built({ ...TOOL, name: "old" }, null));
    const { header } = offsets(bare);
    const signature = await keys.detachBinary(bare.subarray(header), vendor);
    const spec = { ...TOOL, name: "old" };
    for (const tag of [1002, 1005]) {
      const whole = Buffer.concat([
        bare.subarray(0, 96),
        signatureHeader(tag, signature),
        bare.subarray(header),
      ]);
      for (const by of [trust, PACKAGES_ONLY()]) {
        assert.equal(await proved(whole, by, ON, spec), "sound");
        whole[whole.length - 5] = (whole.at(-5) ?? 0) ^ 1;
        assert.equal(await proved(whole, by, ON, spec), "signature_bad");
        whole[whole.length - 5] = (whole.at(-5) ?? 0) ^ 1;
      }
    }
  });

  test("signed as rpm 6 signs: in base64, under the tag OPENPGP", async () => {
    const bare = await built(TOOL, null);
    const { header } = offsets(bare);
    const size = 16 + 16 * bare.readUInt32BE(header + 8) + bare.readUInt32BE(header + 12);
    const signature = await keys.detachBinary(bare.subarray(header, header + size), vendor);
    const text = Buffer.from(`${signature.toString("base64")}\0`);
    const signed = (bytes: Buffer): Buffer =>
      Buffer.concat([bare.subarray(0, 96), signatureHeader(278, bytes, 8), bare.subarray(header)]);
    assert.equal(await proved(signed(text)), "sound");
    assert.equal(
      await proved(signed(text), await trustOf((await keys.create("Else <else@example.org>")).binary)),
      "signature_untrusted",
    );
    assert.equal(await proved(signed(Buffer.from("AAAA\0"))), "signature_framing");
    assert.equal(await proved(signed(Buffer.from("no end"))), "package_unsound");
  });

  async function signedHeader(bytes: Buffer): Promise<Buffer> {
    const { header } = offsets(bytes);
    const size = 16 + 16 * bytes.readUInt32BE(header + 8) + bytes.readUInt32BE(header + 12);
    const signature = await keys.detachBinary(bytes.subarray(header, header + size), vendor);
    return Buffer.concat([bytes.subarray(0, 96), signatureHeader(268, signature), bytes.subarray(header)]);
  }
});

function offsets(bytes: Buffer): { header: number } {
  const end = 96 + 16 + 16 * bytes.readUInt32BE(96 + 8) + bytes.readUInt32BE(96 + 12);
  return { header: end + ((8 - (end % 8)) % 8) };
}

// Renames the tags of the payload's digest to some that nobody reads.
function withoutPayloadDigest(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const { header } = offsets(copy);
  const count = copy.readUInt32BE(header + 8);
  for (let at = header + 16; at < header + 16 + 16 * count; at += 16) {
    const tag = copy.readUInt32BE(at);
    if (tag === 5092 || tag === 5093) copy.writeUInt32BE(tag + 900_000, at);
  }
  return copy;
}

/** A signature header with one tag, of bytes (7) or of one text (8), and its padding. */
function signatureHeader(tag: number, bytes: Buffer, type = 7): Buffer {
  const intro = Buffer.from("8eade80100000000", "hex");
  const numbers = Buffer.alloc(24);
  for (const [at, value] of [1, bytes.length, tag, type, 0, type === 7 ? bytes.length : 1].entries())
    numbers.writeUInt32BE(value, at * 4);
  const padding = Buffer.alloc((8 - ((8 + 24 + bytes.length) % 8)) % 8);
  return Buffer.concat([intro, numbers, bytes, padding]);
}
