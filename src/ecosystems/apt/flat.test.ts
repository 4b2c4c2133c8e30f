import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import { SluiceError } from "../../base/errors.ts";
import {
  buildSuite,
  collect,
  memoryUpstream,
  optionsOf,
  sourceStanza,
  stanza,
  type SuiteSpec,
  type Walked,
} from "./repository.test-helper.ts";
import { enumerate } from "./walk.ts";

let key: TestKey;
before(async () => (key = await makeKey()));

const bare = { Suite: undefined, Codename: undefined, Components: undefined, Architectures: undefined };
const flat: SuiteSpec = {
  suite: "./",
  fields: bare,
  indices: {
    Packages:
      stanza("hello", { Filename: "./hello_1.deb" }) +
      stanza("data", { Architecture: "all", Filename: "data_1.deb", Section: "contrib/utils" }) +
      stanza("other", { Architecture: "arm64" }) +
      stanza("odd", { Architecture: "x86_64" }),
    Sources: sourceStanza("hello", { Directory: "." }),
    en: "Package: hello\n",
    "Contents-amd64": "x",
  },
};

async function walkFlat(spec: SuiteSpec, more: Record<string, unknown> = {}): Promise<Walked> {
  const files = await buildSuite(key, spec);
  const options = optionsOf({ suites: [spec.suite], ...more });
  return collect(enumerate(memoryUpstream(files), options, key.trust));
}

describe("a flat repository", () => {
  test("keeps its place and its names, with the architectures asked for and `all`", async () => {
    const { paths, claims } = await walkFlat({ ...flat, byHash: true });
    assert.deepEqual(
      paths.map((path) => path.replace(/[0-9a-f]{64}$/, "HEX")),
      [
        "InRelease",
        "Packages.gz",
        "by-hash/SHA256/HEX",
        "en.gz",
        "by-hash/SHA256/HEX",
        "Contents-amd64.gz",
        "by-hash/SHA256/HEX",
        "hello_1.deb",
        "data_1.deb",
      ],
    );
    assert.deepEqual(
      claims.map(({ root, weak }) => [root, weak]),
      [["./", []]],
    );
  });

  test("in a folder: packages stand relative to the base", async () => {
    const { paths, claims } = await walkFlat({ ...flat, suite: "noble/x86/", fields: {} });
    assert.ok(paths.includes("noble/x86/Packages.gz"));
    assert.ok(paths.includes("hello_1.deb"));
    assert.deepEqual(
      claims.map(({ root, names }) => [root, names]),
      [["noble/x86/", ["noble/x86/"]]],
    );
  });

  test("`/`, `./` and both of them are one", async () => {
    const files = await buildSuite(key, flat);
    for (const suites of [["/"], ["./"], ["./", "/"]]) {
      const { claims, paths } = await collect(
        enumerate(memoryUpstream(files), optionsOf({ suites }), key.trust),
      );
      assert.equal(claims.length, 1);
      assert.ok(paths.includes("Packages.gz"));
    }
  });

  test("sources and languages by option", async () => {
    const { paths } = await walkFlat(flat, { sources: true, languages: "none", contents: false });
    assert.deepEqual(paths, [
      "InRelease",
      "Packages.gz",
      "Sources.gz",
      "hello_1.deb",
      "data_1.deb",
      "hello_1.0.dsc",
      "hello_1.0.tar.xz",
    ]);
    assert.ok((await walkFlat(flat, { languages: "all" })).paths.includes("en.gz"));
    assert.ok(!(await walkFlat(flat, { languages: ["de"] })).paths.includes("en.gz"));
  });

  test("sections of a sparse mirror, which have no component", async () => {
    const names = async (more: object): Promise<string[]> =>
      (await walkFlat(flat, { mode: "sparse", ...more })).entries.flatMap(
        (entry) => entry.package?.name ?? [],
      );
    assert.deepEqual(await names({ only: { sections: ["utils"] } }), ["hello", "data"]);
    assert.deepEqual(await names({ only: { sections: ["main/utils"] } }), []);
    assert.deepEqual(await names({ only: { sections: ["contrib/*"] } }), ["data"]);
    assert.deepEqual(await names({ skip: { packages: ["data"] } }), ["hello"]);
  });

  test("beside suites of the same archive", async () => {
    const files = await buildSuite(key, flat);
    await buildSuite(key, { indices: { "main/binary-amd64/Packages": stanza("tool") } }, files);
    const options = optionsOf({ suites: ["./", "stable"], components: ["main"] });
    const { paths } = await collect(enumerate(memoryUpstream(files), options, key.trust));
    assert.ok(paths.includes("hello_1.deb") && paths.includes("pool/main/tool_1.0-1_amd64.deb"));
  });

  test("is not what a suite with components is", async () => {
    await assert.rejects(
      walkFlat({ suite: "stable/", indices: { "main/binary-amd64/Packages": stanza("x") } }),
      (error: unknown) =>
        error instanceof SluiceError &&
        error.code === "not_offered" &&
        error.message.includes("The Release of stable/ lists no Packages"),
    );
  });
});
