import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SluiceError, type ErrorCode } from "../../base/errors.ts";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import {
  buildSuite,
  collect,
  memoryUpstream,
  optionsOf,
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

async function refuses(walked: Promise<Walked>, code: ErrorCode, says: RegExp): Promise<void> {
  await assert.rejects(walked, (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  });
}

const names = ({ entries }: Walked): string[] => entries.flatMap((entry) => entry.package?.name ?? []);

describe("a Release under which apt would see nothing is no empty success", () => {
  test("no list of digests at all, or an empty one, in a suite and in a flat repository", async () => {
    const cut = (text: string): string => text.replace(/^MD5Sum:[^]*/m, "");
    for (const edit of [cut, (text: string) => `${cut(text)}SHA256:\n`]) {
      await refuses(walkSuite({ ...usual, edit }), "weak_digest", /Release of dists\/stable lists no files/);
      const flat = { suite: "./", indices: { Packages: stanza("hello") }, edit };
      await refuses(walkSuite(flat, { suites: ["./"] }), "weak_digest", /Release of \.\/ lists no files/);
    }
  });

  test("indices under other paths than the component's, asked for by name or not", async () => {
    for (const other of ["other", "./main"]) {
      const edit = (text: string): string => text.replaceAll(" main/", ` ${other}/`);
      for (const components of [["main"], undefined])
        await refuses(
          walkSuite({ ...usual, edit }, { components }),
          "not_offered",
          /'main.*binary-amd64\/Packages'/,
        );
    }
    const flat = {
      suite: "./",
      indices: { Packages: stanza("hello") },
      edit: (text: string) => text.replaceAll(" Packages", " ./Packages"),
    };
    await refuses(walkSuite(flat, { suites: ["./"] }), "not_offered", /lists no Packages by that very name/);
    const nothing = { indices: {}, extra: { "README.txt": "x" }, fields: { Components: undefined } };
    await refuses(walkSuite(nothing), "not_offered", /binary-amd64\/Packages/);
  });

  test("Packages.gz without Packages, the name that apt looks for; a translation so listed is not asked for", async () => {
    const hidden = (name: string) => (text: string) =>
      text.replaceAll(new RegExp(`^ .* ${name}\n`, "gm"), "");
    const says = /lists 'main\/binary-amd64\/Packages\.gz' but not 'main\/binary-amd64\/Packages' itself/;
    await refuses(walkSuite({ ...usual, edit: hidden(PACKAGES) }), "metadata_invalid", says);
    const flat = { suite: "./", indices: { Packages: stanza("hello") }, edit: hidden("Packages") };
    await refuses(
      walkSuite(flat, { suites: ["./"] }),
      "metadata_invalid",
      /'Packages\.gz' but not 'Packages'/,
    );
    const sources = { "main/source/Sources": "Package: x\n" };
    const source = { indices: { ...usual.indices, ...sources }, edit: hidden("main/source/Sources") };
    await refuses(walkSuite(source, { sources: true }), "metadata_invalid", /'main\/source\/Sources' itself/);
    const english = { "main/i18n/Translation-en": "Package: hello\n" };
    const { paths } = await walkSuite({
      indices: { ...usual.indices, ...english },
      edit: hidden("main/i18n/Translation-en"),
    });
    assert.ok(!paths.some((path) => path.includes("i18n")));
  });

  test("a component without indices: refused by name, passed over where nobody named it", async () => {
    await refuses(
      walkSuite(usual, { components: ["main", "contrib"] }),
      "not_offered",
      /lists no 'contrib\/binary-amd64\/Packages', .* nothing of the component 'contrib'/,
    );
    assert.deepEqual(names(await walkSuite(usual)), ["hello"]);
    const empty = { indices: { ...usual.indices, "contrib/binary-amd64/Packages": "" } };
    assert.deepEqual(names(await walkSuite(empty, { components: ["main", "contrib"] })), ["hello"]);
  });

  test("an architecture that Release has by name alone", async () => {
    await refuses(
      walkSuite(usual, { architectures: ["amd64", "arm64"] }),
      "not_offered",
      /'arm64', but lists no/,
    );
  });

  test("sources, udebs or installer images that no suite lists; one of several is enough", async () => {
    for (const option of ["sources", "udebs", "installer"])
      await refuses(walkSuite(usual, { [option]: true }), "not_offered", new RegExp(`\`${option}: true\``));
    const files = await buildSuite(key, usual);
    await buildSuite(
      key,
      { suite: "updates", indices: { ...usual.indices, "main/source/Sources": "" } },
      files,
    );
    const both = await walk(files, { suites: ["stable", "updates"], sources: true });
    assert.deepEqual(names(both), ["hello"]);
  });
});

describe("a suite whose packages are all for `all`", () => {
  const spec: SuiteSpec = {
    fields: { Architectures: "all", Components: "main" },
    indices: { "main/binary-all/Packages": stanza("doc", { Architecture: "all" }) },
  };

  test("is taken for any architecture, as apt reads it", async () => {
    for (const architectures of [["amd64"], ["amd64", "all"], ["all"], ["amd64", "arm64"]])
      assert.deepEqual(names(await walkSuite(spec, { architectures })), ["doc"], architectures.join(" "));
    for (const Architectures of [undefined, "all amd64"]) {
      const said = { ...spec, fields: { ...spec.fields, Architectures } };
      assert.deepEqual(names(await walkSuite(said)), ["doc"]);
    }
  });

  test("but not where apt would not ask for binary-all, nor for a name that a suite of several does not have", async () => {
    const unasked = { ...spec.fields, "No-Support-for-Architecture-all": "Packages" };
    await refuses(walkSuite({ ...spec, fields: unasked }), "not_offered", /'amd64': it offers all/);
    const several = {
      fields: { ...spec.fields, Architectures: "all amd64" },
      indices: { ...spec.indices, ...usual.indices },
    };
    await refuses(
      walkSuite(several, { architectures: ["amd46"] }),
      "not_offered",
      /'amd46': it offers all, amd64/,
    );
  });
});
