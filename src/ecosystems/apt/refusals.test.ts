import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SluiceError, type ErrorCode } from "../../base/errors.ts";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import type { Trust } from "../../trust/contract.ts";
import { Moved } from "../../upstream/contract.ts";
import {
  buildSuite,
  collect,
  hash,
  memoryUpstream,
  optionsOf,
  stanza,
  type Files,
  type SuiteSpec,
  type Walked,
} from "./repository.test-helper.ts";
import { enumerate } from "./walk.ts";

let key: TestKey;
let stranger: TestKey;
before(async () => {
  [key, stranger] = await Promise.all([makeKey(), makeKey("Stranger")]);
});

const PACKAGES = "main/binary-amd64/Packages";
const usual: SuiteSpec = { indices: { [PACKAGES]: stanza("hello") } };

async function walk(files: Files, more?: Record<string, unknown>, trust?: Trust): Promise<Walked> {
  return collect(enumerate(memoryUpstream(files), optionsOf(more), trust ?? key.trust));
}

async function walkSuite(spec: SuiteSpec, more?: Record<string, unknown>): Promise<Walked> {
  return walk(await buildSuite(key, spec), more);
}

/** The error of a walk; Moved counts as the error that it holds, marked by `again`. */
async function refusal(walked: Promise<Walked>): Promise<SluiceError & { again?: boolean }> {
  const error: unknown = await walked.then(
    () => assert.fail("the walk took it"),
    (thrown: unknown) => thrown,
  );
  const inner = error instanceof Moved ? Object.assign(error.otherwise, { again: true }) : error;
  assert.ok(inner instanceof SluiceError, String(inner));
  return inner;
}

async function refuses(walked: Promise<Walked>, code: ErrorCode, says: RegExp, again = false): Promise<void> {
  const error = await refusal(walked);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  assert.equal(error.again ?? false, again);
}

describe("what a walk refuses", () => {
  test("a suite that is not there", async () => {
    await refuses(walk(new Map()), "root_missing", /dists\/stable\/InRelease/);
    const orphan = await buildSuite(key, { ...usual, detached: true, inRelease: false });
    orphan.delete("dists/stable/Release");
    await refuses(walk(orphan), "root_missing", /suite 'stable'/);
  });

  test("an altered InRelease, another key, no signature", async () => {
    const files = await buildSuite(key, usual);
    const good = files.get("dists/stable/InRelease")?.toString() ?? "";
    files.set("dists/stable/InRelease", Buffer.from(good.replace("Suite: stable", "Suite: stabel")));
    await refuses(walk(files), "signature_bad", /dists\/stable\/InRelease/);
    files.set("dists/stable/InRelease", Buffer.from(`Origin: Evil\n${good}`));
    await refuses(walk(files), "signature_framing", /dists\/stable\/InRelease/);
    await refuses(walk(await buildSuite(stranger, usual)), "signature_untrusted", /dists\/stable\/InRelease/);
    const unsigned = await buildSuite(key, { ...usual, inRelease: false, detached: true });
    unsigned.delete("dists/stable/Release.gpg");
    await refuses(walk(unsigned), "signature_missing", /dists\/stable\/Release/);
  });

  test("an altered Release, after another look since the upstream may have moved", async () => {
    const files = await buildSuite(key, { ...usual, inRelease: false, detached: true });
    files.set(
      "dists/stable/Release",
      Buffer.concat([files.get("dists/stable/Release") ?? Buffer.of(), Buffer.from("X: y\n")]),
    );
    await refuses(walk(files), "signature_bad", /dists\/stable\/Release/, true);
  });

  test("InRelease and Release that differ, signed or not", async () => {
    const files = await buildSuite(key, { ...usual, detached: true });
    const newer = await buildSuite(key, { ...usual, fields: { Date: "Sun, 22 Nov 2026 04:00:00 UTC" } });
    files.set("dists/stable/InRelease", newer.get("dists/stable/InRelease") ?? Buffer.of());
    await refuses(walk(files), "roots_disagree", /InRelease and dists\/stable\/Release differ/, true);
    files.delete("dists/stable/Release.gpg");
    await refuses(walk(files), "roots_disagree", /differ/, true);
    await refuses(walk(files, {}, { kind: "none" }), "roots_disagree", /differ/, true);
  });

  test("a second form of the root that a stranger signed", async () => {
    const files = await buildSuite(key, usual);
    await buildSuite(stranger, { ...usual, inRelease: false, detached: true }, files);
    await refuses(walk(files), "signature_untrusted", /dists\/stable\/Release/);
  });

  test("the Release of another repository", async () => {
    const spec = { ...usual, fields: { Suite: "testing", Codename: "forky" } };
    await refuses(walkSuite(spec), "wrong_repository", /'testing', Codename 'forky', not of 'stable'/);
    const { claims } = await walkSuite(spec, { "allow-suite-mismatch": true });
    assert.deepEqual(claims[0]?.weak, ["calls itself testing, forky"]);
    const byCodename = await walkSuite({ ...usual, fields: { Suite: "oldstable", Codename: "stable" } });
    assert.deepEqual(byCodename.claims[0]?.names, ["oldstable", "stable"]);
    await walkSuite({ ...usual, fields: { Suite: undefined, Codename: undefined } });
  });

  test("a component or an architecture that is not offered, naming what is", async () => {
    await refuses(
      walkSuite(usual, { components: ["non-free"] }),
      "not_offered",
      /'non-free': it offers main, contrib/,
    );
    await refuses(
      walkSuite(usual, { architectures: ["riscv64"] }),
      "not_offered",
      /'riscv64': it offers amd64, arm64/,
    );
    await refuses(walkSuite(usual, { architectures: ["all"] }), "not_offered", /'all'/);
    const bare = { ...usual, fields: { Components: undefined, Architectures: undefined } };
    await refuses(walkSuite(bare, { components: ["x"] }), "not_offered", /'x': it offers main/);
    await refuses(walkSuite(bare, { architectures: ["arm64"] }), "not_offered", /'arm64': it offers amd64/);
    assert.equal((await walkSuite(bare)).entries.length, 3);
    const installer = { "main/debian-installer/binary-amd64/Packages": stanza("udeb") };
    const { paths } = await walkSuite({ ...bare, indices: { ...usual.indices, ...installer } });
    assert.equal(paths.length, 3, "udebs are no component of their own");
  });

  test("an index that only weak digests vouch for, but not one that nobody needs", async () => {
    await refuses(
      walkSuite({ ...usual, lists: ["MD5Sum", "SHA1"] }),
      "weak_digest",
      /'main\/binary-amd64\/Packages/,
    );
    const odd = `MD5Sum:\n ${"0".repeat(32)} 5 main/Contents-amd64.gz\n`;
    const edit = (text: string): string => text.replace("MD5Sum:\n", odd);
    const small = odd.replace("Contents-amd64.gz", "binary-amd64/Release");
    const optional = (text: string): string => text.replace("MD5Sum:\n", small);
    assert.equal((await walkSuite({ ...usual, edit: optional })).entries.length, 3);
    assert.equal((await walkSuite({ ...usual, edit })).entries.length, 3);
  });

  test("a package that only weak digests vouch for", async () => {
    for (const field of [{ SHA256: undefined, MD5sum: "0".repeat(32) }, { SHA256: undefined }]) {
      const index = stanza("hello", field);
      await refuses(walkSuite({ indices: { [PACKAGES]: index } }), "weak_digest", /Packages\.gz .*'hello'/);
    }
  });

  test("hostile paths of packages", async () => {
    const paths = [
      "../etc/passwd",
      "pool/../../x",
      "/etc/passwd",
      "https://127.0.0.1/x.deb",
      "//etc/passwd",
      "pool/a\\b",
      "pool/\u0001x",
      "pool/\u007fx",
      ".",
    ];
    for (const Filename of paths) {
      const walked = walkSuite({ indices: { [PACKAGES]: stanza("hello", { Filename }) } });
      await refuses(walked, "path_refused", /dists\/stable\/main\/binary-amd64\/Packages\.gz/);
    }
  });

  test("hostile paths in Release, used or not", async () => {
    for (const path of ["../../evil", "/etc/passwd", "main/../x", "main/\u0007x"]) {
      const edit = (text: string): string =>
        text.replace("SHA256:\n", `SHA256:\n ${"0".repeat(64)} 5 ${path}\n`);
      await refuses(walkSuite({ ...usual, edit }), "path_refused", /Release of dists\/stable/);
    }
  });

  test("packages that lack what they need", async () => {
    const faults: [Record<string, string | undefined>, RegExp][] = [
      [{ Filename: undefined }, /'hello' without a Filename/],
      [{ Size: undefined }, /'hello' with the size ''/],
      [{ Size: "-1" }, /size '-1'/],
      [{ Size: "0" }, /size '0'/],
      [{ Size: "1e3" }, /size '1e3'/],
      [{ SHA256: "zz" }, /sha256/],
      [{ Package: "he llo" }, /'he llo'/],
      [{ Package: "/evil/" }, /'\/evil\/'/],
      [{ Version: "1 2" }, /'1 2'/],
      [{ Version: undefined }, /version ''/],
      [{ Architecture: "../x" }, /'\.\.\/x'/],
    ];
    for (const [fields, says] of faults) {
      // `stanza` derives the file's name from version and architecture: a plain one leaves only the fault that is meant.
      const index = stanza("hello", { Filename: "pool/hello.deb", ...fields });
      const missing = "Version" in fields && fields["Version"] === undefined;
      const text = missing ? index.replace(/^Version: .*\n/m, "") : index;
      await refuses(walkSuite({ indices: { [PACKAGES]: text } }), "metadata_invalid", says);
    }
  });

  test("two files under one path", async () => {
    const twice = stanza("hello") + stanza("other", { Filename: "pool/main/hello_1.0-1_amd64.deb" });
    await refuses(walkSuite({ indices: { [PACKAGES]: twice } }), "path_conflict", /hello_1\.0-1_amd64\.deb/);
    const overRoot = stanza("hello", { Filename: "dists/stable/InRelease" });
    await refuses(walkSuite({ indices: { [PACKAGES]: overRoot } }), "path_conflict", /InRelease/);
  });

  test("a Release that contradicts itself or cannot be read", async () => {
    const cases: [(text: string) => string, RegExp][] = [
      [(text) => `${text}SHA1:\n ${"0".repeat(40)} 99999 ${PACKAGES}.gz\n`, /twice/],
      [(text) => text.replace("SHA256:\n", `SHA256:\n ${"0".repeat(64)} 5 ${PACKAGES}.gz\n`), /twice/],
      [(text) => text.replace(/^ [0-9a-f]{64}( .*)$/m, `$&\n ${"0".repeat(64)}$1`), /twice/],
      [(text) => text.replace("SHA256:\n", "SHA256:\n nonsense\n"), /nonsense/],
      [(text) => text.replace("SHA256:\n", `SHA256:\n ${"0".repeat(64)} -5 x\n`), /-5/],
      [(text) => `${text}Valid-Until: tomorrow\n`, /Valid-Until/],
      [(text) => text.replace("Components: main", "Components: ma\u0002in"), /ma/],
    ];
    for (const [edit, says] of cases) await refuses(walkSuite({ ...usual, edit }), "metadata_invalid", says);
  });

  test("an index that is signed to be huge, before it is asked for", async () => {
    const edit = (text: string): string =>
      text.replaceAll(/ \d+ (main\/binary-amd64\/Packages)/g, " 9000000000000 $1");
    const upstream = memoryUpstream(await buildSuite(key, { ...usual, edit }));
    const walked = collect(enumerate(upstream, optionsOf(), key.trust));
    await refuses(walked, "too_large", /Packages.* with 9000000000000 bytes/);
    assert.deepEqual(upstream.asked, []);
  });

  test("an index that is not what was signed, after another look", async () => {
    for (const damage of [
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(0)]),
      (bytes: Buffer) => bytes.subarray(0, -1),
      (bytes: Buffer) => bytes.map((byte, at) => (at === 12 ? byte ^ 1 : byte)),
    ]) {
      const files = await buildSuite(key, usual);
      const path = `dists/stable/${PACKAGES}.gz`;
      files.set(path, Buffer.from(damage(files.get(path) ?? Buffer.of())));
      await refuses(walk(files), "digest_mismatch", /Packages\.gz/, true);
    }
  });

  test("an index that Release lists and nobody has, after another look", async () => {
    const files = await buildSuite(key, { ...usual, byHash: true, forms: ["gz", "zst"] });
    for (const path of files.keys()) if (path.includes("binary-amd64")) files.delete(path);
    await refuses(walk(files), "file_missing", /main\/binary-amd64\/Packages/, true);
    const translated = await buildSuite(key, {
      indices: { ...usual.indices, "main/i18n/Translation-en": "x" },
    });
    translated.delete("dists/stable/main/i18n/Translation-en.gz");
    await refuses(walk(translated), "file_missing", /Translation-en/, true);
  });

  test("an index that holds more, or something else, than the plain one that was signed", async () => {
    const replaced = (text: string) => (release: string) =>
      release.replaceAll(
        new RegExp(`^ [0-9a-f]+ +\\d+ ${PACKAGES}$`, "gm"),
        (line) =>
          ` ${hash(line.trim().indexOf(" ") === 32 ? "md5" : "sha256", Buffer.from(text))} ${text.length} ${PACKAGES}`,
      );
    const shorter = replaced(stanza("hello").slice(0, -20));
    await refuses(walkSuite({ ...usual, edit: shorter }), "decompression", /grows past/);
    const longer = replaced(`${stanza("hello")}\n`);
    await refuses(
      walkSuite({ ...usual, edit: longer }),
      "digest_mismatch",
      /Packages\.gz holds something else/,
    );
    const other = replaced(stanza("jello"));
    await refuses(
      walkSuite({ ...usual, edit: other }),
      "digest_mismatch",
      /Packages\.gz holds something else/,
    );
  });

  test("a decompression bomb, at the size that was signed for the plain index", async () => {
    const edit = (text: string): string =>
      text.replaceAll(/ \d+ (main\/binary-amd64\/Packages)$/gm, " 1000 $1");
    const bomb = { indices: { [PACKAGES]: "\n".repeat(20_000_000) }, edit };
    await refuses(walkSuite(bomb), "decompression", /Packages\.gz grows past 1000 bytes/);
  });

  test("an index that comes only in a form that cannot be read, saying which", async () => {
    const spec = {
      indices: { [PACKAGES]: stanza("hello") },
      forms: [],
      extra: { [`${PACKAGES}.lzma`]: "]" },
    };
    await refuses(
      walkSuite(spec),
      "file_missing",
      /Packages .*\.lzma, .* cannot read: ask the vendor for \.xz or \.gz/,
      true,
    );
  });

  test("reads no text from outside the frame", async () => {
    const files = await buildSuite(stranger, usual);
    assert.equal((await walk(files, {}, { kind: "none" })).entries.length, 3);
    const good = files.get("dists/stable/InRelease") ?? Buffer.of();
    files.set("dists/stable/InRelease", Buffer.concat([Buffer.from("X: y\n"), good]));
    await refuses(walk(files, {}, { kind: "none" }), "signature_framing", /InRelease/);
  });
});
