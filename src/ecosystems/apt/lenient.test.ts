import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SluiceError } from "../../base/errors.ts";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import {
  buildSuite,
  collect,
  memoryUpstream,
  optionsOf,
  sourceStanza,
  stanza,
  type Files,
  type SuiteSpec,
  type Walked,
} from "./repository.test-helper.ts";
import { enumerate } from "./walk.ts";

let key: TestKey;
before(async () => (key = await makeKey()));

const PACKAGES = "main/binary-amd64/Packages";
const usual: SuiteSpec = { indices: { [PACKAGES]: stanza("hello") } };

async function walk(files: Files, more?: Record<string, unknown>): Promise<Walked> {
  return collect(enumerate(memoryUpstream(files), optionsOf(more), key.trust));
}

async function walkSuite(spec: SuiteSpec, more?: Record<string, unknown>): Promise<Walked> {
  return walk(await buildSuite(key, spec), more);
}

describe("what apt reads, though it is odd", () => {
  test("a field of Release that stands twice: the last counts, lists of digests too, and it is said", async () => {
    const twice = (text: string): string =>
      text
        .replace("Codename: stable\n", "Codename: old\nCodename: stable\n")
        .replace(/^SHA256:[^]*/m, (list) => `${list.replaceAll(/[0-9a-f]{64}/g, "0".repeat(64))}${list}`);
    const { claims, entries } = await walkSuite({ ...usual, edit: twice });
    assert.deepEqual(claims[0]?.names, ["stable"]);
    assert.deepEqual(claims[0].weak, [
      "more than one field 'codename': the last counts",
      "more than one field 'sha256': the last counts",
    ]);
    assert.equal(entries.length, 3);
  });

  test("a field of a package or a source that stands twice: the last counts", async () => {
    const other = stanza("hello").replace("Filename: ", "Filename: pool/other.deb\nFilename: ");
    const source = sourceStanza("hello").replace("Directory: ", "Directory: pool/other\nDirectory: ");
    const { paths } = await walkSuite(
      { indices: { [PACKAGES]: other, "main/source/Sources": source } },
      { sources: true },
    );
    assert.deepEqual(
      paths.filter((path) => path.startsWith("pool/")),
      [
        "pool/main/hello_1.0-1_amd64.deb",
        "pool/main/hello/hello_1.0.dsc",
        "pool/main/hello/hello_1.0.tar.xz",
      ],
    );
  });

  test("a value that begins on the line below its name, or has an empty one after it; not one that is broken", async () => {
    const fields = /^(Package|Version|Architecture|Section|Filename|Size|SHA256|Directory): (.*)$/gm;
    for (const folded of ["$1:\n $2", "$1: $2\n "]) {
      const { entries } = await walkSuite(
        {
          indices: {
            [PACKAGES]: stanza("hello").replaceAll(fields, folded),
            "main/source/Sources": sourceStanza("hello").replaceAll(fields, folded),
          },
        },
        { sources: true },
      );
      const found = entries.filter((entry) => entry.kind === "package");
      const plain = await walkSuite(
        { indices: { ...usual.indices, "main/source/Sources": sourceStanza("hello") } },
        { sources: true },
      );
      assert.deepEqual(
        found,
        plain.entries.filter((entry) => entry.kind === "package"),
      );
    }
    const broken = stanza("hello").replace("pool/main/", "pool/\n main/");
    await assert.rejects(walkSuite({ indices: { [PACKAGES]: broken } }), { code: "path_refused" });
  });
});

describe("what apt does not read, though it is signed", () => {
  test("a binary Release.gpg without an InRelease", async () => {
    const files = await buildSuite(key, { ...usual, inRelease: false, detached: true });
    const path = "dists/stable/Release.gpg";
    const armoured = files.get(path)?.toString() ?? "";
    const base64 = /\n\n([^=]+=*)\n=/.exec(armoured)?.[1] ?? "";
    files.set(path, Buffer.from(base64, "base64"));
    await assert.rejects(walk(files), (error: unknown) => {
      assert.ok(error instanceof SluiceError, String(error));
      assert.equal(error.code, "signature_missing");
      assert.match(error.message, /Release\.gpg is a binary signature, which apt does not read/);
      return true;
    });
    await buildSuite(key, usual, files);
    assert.ok((await walk(files)).paths.includes(path), "InRelease is what clients read then");
  });
});
