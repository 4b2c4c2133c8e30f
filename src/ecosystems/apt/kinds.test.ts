import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SluiceError, type ErrorCode } from "../../base/errors.ts";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import { Moved } from "../../upstream/contract.ts";
import type { AptOptions } from "./options.ts";
import {
  buildSuite,
  collect,
  hash,
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

const PACKAGES = "main/binary-amd64/Packages";
const SUMS = "main/installer-amd64/current/images/SHA256SUMS";
const IMAGE = hash("sha256", Buffer.from("image"));

const wide: SuiteSpec = {
  fields: {
    Components: "main",
    Architectures: "all amd64 arm64",
    "No-Support-for-Architecture-all": "Packages",
  },
  indices: {
    [PACKAGES]: stanza("hello"),
    "main/debian-installer/binary-amd64/Packages": stanza("udeb", { Filename: "pool/udeb_1.udeb" }),
    "main/source/Sources": sourceStanza("hello"),
    "main/Contents-amd64": "x",
    "main/Contents-all": "x",
    "main/Contents-arm64": "x",
    "main/Contents-source": "x",
    "main/Contents-udeb-amd64": "x",
    "Contents-amd64": "legacy",
    "main/dep11/Components-amd64.yml": "x",
    "main/dep11/Components-arm64.yml": "x",
    "main/dep11/icons-48x48.tar": "x",
    "main/dep11/icons-64x64.tar": "x",
    "main/dep11/icons-128x128@2.tar": "x",
    "main/cnf/Commands-amd64": "x",
    "main/cnf/Commands-arm64": "x",
    "main/i18n/Translation-en": "x",
  },
  extra: {
    [SUMS]: `${IMAGE}  ./netboot/mini.iso\n${IMAGE} *cdrom/vmlinuz\n`,
    "main/installer-amd64/current/images/MD5SUMS": "x",
    "main/installer-amd64/20101020/legacy-images/SHA256SUMS": `${IMAGE}  ./boot.img\n`,
    "main/installer-arm64/current/images/SHA256SUMS": "not asked for",
    "main/source/Release": "Archive: stable\n",
  },
};

async function walkSuite(spec: SuiteSpec, more?: Record<string, unknown>): Promise<Walked> {
  return collect(enumerate(memoryUpstream(await buildSuite(key, spec)), optionsOf(more), key.trust));
}

const NONE = { languages: "none", contents: false, dep11: false, cnf: false };

/** What an option adds to a mirror of Packages alone. */
async function added(more: Record<string, unknown>, spec = wide): Promise<string[]> {
  const bare = new Set((await walkSuite(spec, NONE)).paths);
  const { paths } = await walkSuite(spec, { ...NONE, ...more });
  return paths
    .filter((path) => !bare.has(path))
    .map((path) => path.replace(/^dists\/stable\//, ""))
    .toSorted();
}

async function refuses(walked: Promise<Walked>, code: ErrorCode, says: RegExp): Promise<void> {
  const thrown: unknown = await walked.then(
    () => assert.fail("the walk took it"),
    (error: unknown) => (error instanceof Moved ? error.otherwise : error),
  );
  assert.ok(thrown instanceof SluiceError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, says);
}

describe("what each option adds", () => {
  test("nothing where all are off", async () => {
    assert.deepEqual(
      (await walkSuite(wide, NONE)).paths.map((path) => path.replace(/^dists\/stable\//, "")),
      ["InRelease", `${PACKAGES}.gz`, "pool/main/hello_1.0-1_amd64.deb"],
    );
  });

  test("contents: those of each component and of `all`, of sources and udebs where these are mirrored", async () => {
    assert.deepEqual(await added({ contents: true }), ["main/Contents-all.gz", "main/Contents-amd64.gz"]);
    const both = await added({ contents: true, sources: true, udebs: true });
    assert.deepEqual(
      both.filter((path) => path.includes("Contents")),
      [
        "main/Contents-all.gz",
        "main/Contents-amd64.gz",
        "main/Contents-source.gz",
        "main/Contents-udeb-amd64.gz",
      ],
    );
  });

  test("contents: Ubuntu's, one for all components", async () => {
    const ubuntu = { indices: { [PACKAGES]: stanza("hello"), "Contents-amd64": "x", "Contents-arm64": "x" } };
    assert.deepEqual(await added({ contents: true }, ubuntu), ["Contents-amd64.gz"]);
  });

  test("dep11 and icons: of the architectures and sizes asked for", async () => {
    const components = "main/dep11/Components-amd64.yml.gz";
    assert.deepEqual(await added({ dep11: true, icons: "none" }), [components]);
    assert.deepEqual(await added({ dep11: true }), [
      components,
      "main/dep11/icons-48x48.tar.gz",
      "main/dep11/icons-64x64.tar.gz",
    ]);
    assert.deepEqual(await added({ dep11: true, icons: ["128x128@2", "1x1"] }), [
      components,
      "main/dep11/icons-128x128@2.tar.gz",
    ]);
    assert.equal((await added({ dep11: true, icons: "all" })).length, 4);
    assert.deepEqual(await added({ icons: "all" }), []);
  });

  test("cnf and languages", async () => {
    assert.deepEqual(await added({ cnf: true }), ["main/cnf/Commands-amd64.gz"]);
    assert.deepEqual(await added({ languages: ["en"] }), ["main/i18n/Translation-en.gz"]);
  });

  test("udebs: their index and what it lists", async () => {
    assert.deepEqual(await added({ udebs: true }), [
      "main/debian-installer/binary-amd64/Packages.gz",
      "pool/udeb_1.udeb",
    ]);
  });

  test("sources: Sources, its Release, and every file", async () => {
    assert.deepEqual(await added({ sources: true }), [
      "main/source/Release",
      "main/source/Sources.gz",
      "pool/main/hello/hello_1.0.dsc",
      "pool/main/hello/hello_1.0.tar.xz",
    ]);
    const { entries } = await walkSuite(wide, { ...NONE, sources: true });
    assert.deepEqual(entries.at(-1), {
      path: "pool/main/hello/hello_1.0.tar.xz",
      from: "pool/main/hello/hello_1.0.tar.xz",
      kind: "package",
      digests: { sha256: hash("sha256", Buffer.from("hello_1.0.tar.xz")) },
      size: 16,
      package: { name: "hello", version: "1.0", arch: "source" },
    });
  });

  test("installer: every folder of the architecture, and the images that its sums vouch for", async () => {
    assert.deepEqual(await added({ installer: true }), [
      "main/installer-amd64/20101020/legacy-images/SHA256SUMS",
      "main/installer-amd64/20101020/legacy-images/boot.img",
      "main/installer-amd64/current/images/MD5SUMS",
      "main/installer-amd64/current/images/SHA256SUMS",
      "main/installer-amd64/current/images/cdrom/vmlinuz",
      "main/installer-amd64/current/images/netboot/mini.iso",
    ]);
    const { entries } = await walkSuite(wide, { ...NONE, installer: true });
    const iso = entries.find(({ path }) => path.endsWith("mini.iso"));
    assert.equal(iso?.digests.sha256, IMAGE);
    assert.equal(iso.size, undefined);
    assert.ok(iso.maxSize !== undefined);
  });

  test("a sparse mirror selects sources and udebs as it does packages", async () => {
    const more = { sources: true, udebs: true, mode: "sparse", only: { packages: ["udeb"] } };
    const { entries } = await walkSuite(wide, { ...NONE, ...more });
    assert.deepEqual(
      entries.flatMap((entry) => entry.package?.name ?? []),
      ["udeb"],
    );
  });
});

test("a record of an older version, without these options, holds what it held then", async () => {
  const old = { suites: ["stable"], architectures: ["amd64"], languages: ["en"], mode: "verbatim" };
  const files = await buildSuite(key, wide);
  const options = { ...old, "allow-suite-mismatch": false } as AptOptions & { mode: "verbatim" };
  const { paths } = await collect(enumerate(memoryUpstream(files), options, key.trust));
  assert.deepEqual(paths, (await walkSuite(wide, { ...NONE, languages: ["en"] })).paths);
  assert.ok(paths.includes("dists/stable/main/i18n/Translation-en.gz"));
});

describe("what is refused of these kinds", () => {
  const sources = (text: string): SuiteSpec => ({
    indices: { [PACKAGES]: stanza("hello"), "main/source/Sources": text },
  });
  const asked = { ...NONE, sources: true };

  test("a source for which only MD5 vouches, and half of one", async () => {
    const old = sourceStanza("old", { "Checksums-Sha256": undefined });
    await refuses(
      walkSuite(sources(old), asked),
      "weak_digest",
      /'old_1\.0\.dsc' of the source package 'old'/,
    );
    const half = `\n ${IMAGE} 11 old_1.0.dsc`;
    await refuses(
      walkSuite(sources(sourceStanza("old", { "Checksums-Sha256": half })), asked),
      "weak_digest",
      /'old_1\.0\.tar\.xz'/,
    );
  });

  test("paths that lead elsewhere, in Directory and in names", async () => {
    for (const Directory of ["../..", "/etc", "pool/../../x", "pool//x"])
      await refuses(walkSuite(sources(sourceStanza("a", { Directory })), asked), "path_refused", /Sources/);
    for (const name of ["../x", "x/y", "/x", ".."])
      await refuses(
        walkSuite(
          sources(sourceStanza("a", { Files: undefined, "Checksums-Sha256": `\n ${IMAGE} 1 ${name}` })),
          asked,
        ),
        "path_refused",
        /Sources/,
      );
  });

  test("lines that cannot be read, and files that are named twice", async () => {
    const lists = [
      "\n nonsense",
      `\n ${IMAGE} -1 a.dsc`,
      `\n ${IMAGE} 1 a b.dsc`,
      `\n ${IMAGE.slice(2)} 1 a.dsc`,
      `\n ${IMAGE} 1 a.dsc\n ${IMAGE} 1 a.dsc`,
      "",
    ];
    for (const list of lists) {
      const text = sourceStanza("a", { "Checksums-Sha256": list, Files: undefined });
      await refuses(walkSuite(sources(text), asked), "metadata_invalid", /Sources\.gz lists/);
    }
  });

  test("sources in the folder of the base itself", async () => {
    for (const Directory of [".", "./", undefined]) {
      const { paths } = await walkSuite(sources(sourceStanza("a", { Directory })), asked);
      assert.deepEqual(paths.slice(-2), ["a_1.0.dsc", "a_1.0.tar.xz"]);
    }
    const { paths } = await walkSuite(sources(sourceStanza("a", { Directory: "./pool/a b/" })), asked);
    assert.equal(paths.at(-1), "pool/a b/a_1.0.tar.xz");
  });

  test("sums of images that are no sums, or lead elsewhere", async () => {
    const sums = (text: string): Promise<Walked> =>
      walkSuite({ indices: wide.indices, extra: { [SUMS]: text } }, { ...NONE, installer: true });
    await refuses(sums("<html>\n"), "metadata_invalid", /SHA256SUMS has a line/);
    await refuses(sums(`${IMAGE.slice(0, 32)}  ./x\n`), "metadata_invalid", /SHA256SUMS/);
    await refuses(sums(`${IMAGE}  ../../../evil\n`), "path_refused", /SHA256SUMS/);
    await refuses(sums(`${IMAGE}  /etc/passwd\n`), "path_refused", /SHA256SUMS/);
    await refuses(
      walkSuite({ ...wide, lists: ["MD5Sum"], indices: {} }, { ...NONE, installer: true }),
      "weak_digest",
      /SHA256SUMS/,
    );
  });

  test("an index that is listed and nobody has, with the option that leaves it out", async () => {
    const cases: [RegExp, RegExp][] = [
      [/main\/Contents-amd64/, /`contents: false`/],
      [/Components-amd64/, /`dep11: false`/],
      [/icons-64x64\.tar/, /`icons: none`/],
      [/Commands-amd64/, /`cnf: false`/],
      [/Translation-en/, /by `languages`/],
    ];
    for (const [gone, says] of cases) {
      const files = await buildSuite(key, wide);
      for (const path of files.keys()) if (gone.test(path)) files.delete(path);
      await refuses(collect(enumerate(memoryUpstream(files), optionsOf(), key.trust)), "file_missing", says);
    }
  });

  test("nothing, where only MD5 vouches for what no package hangs on", async () => {
    const odd = `MD5Sum:\n ${"0".repeat(32)} 5 main/Contents-amd64.xz\n ${"0".repeat(32)} 5 main/dep11/icons-9x9.tar.xz\n`;
    const spec = { ...wide, edit: (text: string) => text.replace("MD5Sum:\n", odd) };
    const { paths } = await walkSuite(spec, { icons: "all" });
    assert.ok(!paths.some((path) => /Contents-amd64|9x9/.test(path)));
    assert.ok(paths.some((path) => path.includes("Contents-all")));
  });

  test("an index that is too large to be read, but not one that only has to be there", async () => {
    const huge = (name: string) => (text: string) =>
      text.replaceAll(new RegExp(` \\d+ (${name})$`, "gm"), ` ${2 ** 31} $1`);
    const { paths } = await walkSuite({ ...wide, edit: huge("main/Contents-amd64") });
    assert.ok(paths.includes("dists/stable/main/Contents-amd64.gz"));
    await refuses(
      walkSuite({ ...wide, edit: huge("main/source/Sources") }, { sources: true }),
      "too_large",
      /main\/source\/Sources/,
    );
  });
});
