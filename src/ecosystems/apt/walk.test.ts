import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import type { Trust } from "../../trust/contract.ts";
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
before(async () => (key = await makeKey()));

const PACKAGES = "main/binary-amd64/Packages";
const usual: SuiteSpec = { indices: { [PACKAGES]: stanza("hello") } };

async function walk(files: Files, more?: Record<string, unknown>, trust?: Trust): Promise<Walked> {
  return collect(enumerate(memoryUpstream(files), optionsOf(more), trust ?? key.trust));
}

async function walkSuite(spec: SuiteSpec, more?: Record<string, unknown>): Promise<Walked> {
  return walk(await buildSuite(key, spec), more);
}

describe("what a walk yields", () => {
  test("claim, root, index and package, with all that proves them", async () => {
    const { claims, entries } = await walkSuite({
      ...usual,
      fields: { "Valid-Until": "Sat, 28 Nov 2026 04:00:00 UTC" },
    });
    const [claim] = claims;
    assert.equal(claims.length, 1);
    assert.equal(claim?.root, "dists/stable");
    assert.equal(claim.date, Date.UTC(2026, 10, 21, 4));
    assert.equal(claim.validUntil, Date.UTC(2026, 10, 28, 4));
    assert.deepEqual(claim.names, ["stable"]);
    assert.deepEqual(claim.weak, []);
    assert.equal(claim.signers.length, 1);
    assert.equal(claim.signers[0]?.userId, "Test Archive");
    assert.deepEqual(
      entries.map(({ kind, path }) => [kind, path]),
      [
        ["root", "dists/stable/InRelease"],
        ["metadata", "dists/stable/main/binary-amd64/Packages.gz"],
        ["package", "pool/main/hello_1.0-1_amd64.deb"],
      ],
    );
    assert.deepEqual(entries[2], {
      path: "pool/main/hello_1.0-1_amd64.deb",
      from: "pool/main/hello_1.0-1_amd64.deb",
      kind: "package",
      digests: { sha256: hash("sha256", Buffer.from("hello")) },
      size: 5,
      package: { name: "hello", version: "1.0-1", arch: "amd64" },
    });
  });

  test("both forms of the root where there are both", async () => {
    const { paths, claims } = await walkSuite({ ...usual, detached: true });
    assert.deepEqual(paths.slice(0, 3), [
      "dists/stable/InRelease",
      "dists/stable/Release",
      "dists/stable/Release.gpg",
    ]);
    assert.equal(claims[0]?.signers.length, 1);
  });

  test("Release with its signature alone", async () => {
    const { paths } = await walkSuite({ ...usual, inRelease: false, detached: true });
    assert.deepEqual(paths.slice(0, 2), ["dists/stable/Release", "dists/stable/Release.gpg"]);
  });

  test("InRelease alone vouches where a cache hands out a Release.gpg of last month; one that was altered is refused", async () => {
    const files = await buildSuite(key, {
      ...usual,
      detached: true,
      fields: { Date: "Sat, 21 Nov 2037 04:00:00 UTC" },
    });
    const path = "dists/stable/Release.gpg";
    files.set(path, await key.detachSign("another text"));
    const { entries, claims } = await walk(files);
    const roots = entries.filter((entry) => entry.kind === "root").map((entry) => entry.path);
    assert.deepEqual(roots, ["dists/stable/InRelease", "dists/stable/Release"]);
    assert.match(claims[0]?.weak.join() ?? "", /Release\.gpg is of an older state/);
    const fresh = await buildSuite(key, {
      ...usual,
      detached: true,
      fields: { Date: "Fri, 20 Nov 2020 04:00:00 UTC" },
    });
    fresh.set(path, await key.detachSign("another text"));
    await assert.rejects(walk(fresh), { name: "Moved" });
  });

  test("no signature of a file that is not there", async () => {
    const files = await buildSuite(key, { ...usual, detached: true });
    files.delete("dists/stable/Release");
    assert.ok(!(await walk(files)).paths.includes("dists/stable/Release.gpg"));
  });

  test("names by hash of the strongest list, asked for first", async () => {
    const files = await buildSuite(key, {
      indices: { [PACKAGES]: stanza("hello") },
      byHash: true,
      lists: ["SHA512", "MD5Sum", "SHA256"],
    });
    const { entries } = await walk(files);
    const [plainName, byHash] = entries.filter(({ kind }) => kind === "metadata");
    assert.equal(plainName?.path, "dists/stable/main/binary-amd64/Packages.gz");
    assert.match(byHash?.path ?? "", /^dists\/stable\/main\/binary-amd64\/by-hash\/SHA512\/[0-9a-f]{128}$/);
    assert.equal(plainName.from, byHash?.path);
    assert.deepEqual(plainName.digests, byHash?.digests);
    assert.deepEqual(Object.keys(plainName.digests).toSorted(), ["sha256", "sha512"]);
  });

  test("the plain name where by-hash is promised but absent", async () => {
    const files = await buildSuite(key, { ...usual, byHash: true });
    for (const path of files.keys()) if (path.includes("by-hash")) files.delete(path);
    const { entries } = await walk(files);
    const metadata = entries.filter(({ kind }) => kind === "metadata");
    assert.equal(metadata.length, 2);
    assert.ok(metadata.every(({ from }) => from === "dists/stable/main/binary-amd64/Packages.gz"));
  });

  test("the next form where the first is absent", async () => {
    const files = await buildSuite(key, { ...usual, forms: ["gz", "zst"] });
    assert.ok((await walk(files)).paths.includes(`dists/stable/${PACKAGES}.gz`));
    files.delete(`dists/stable/${PACKAGES}.gz`);
    const { paths } = await walk(files);
    assert.deepEqual(
      paths.filter((path) => path.includes("Packages")),
      [`dists/stable/${PACKAGES}.zst`],
    );
  });

  test("Ubuntu's order of fields and its padded hours", async () => {
    const { claims, paths } = await walkSuite({
      ...usual,
      byHash: true,
      fields: { Date: "Thu, 19 Nov 2026  0:50:08 UTC", "Acquire-By-Hash": undefined },
      tail: { "Acquire-By-Hash": "yes" },
    });
    assert.equal(claims[0]?.date, Date.UTC(2026, 10, 19, 0, 50, 8));
    assert.ok(paths.some((path) => path.includes("/by-hash/SHA256/")));
  });

  test("packages of several indices once", async () => {
    const both = stanza("data", { Architecture: "all" });
    const { paths } = await walkSuite(
      { indices: { [PACKAGES]: stanza("hello") + both, "main/binary-arm64/Packages": both } },
      { architectures: ["amd64", "arm64"] },
    );
    assert.deepEqual(
      paths.filter((path) => path.startsWith("pool/")),
      ["pool/main/hello_1.0-1_amd64.deb", "pool/main/data_1.0-1_all.deb"],
    );
  });

  test("odd characters of file names, encoded", async () => {
    const { entries } = await walkSuite({
      indices: { [PACKAGES]: stanza("g++", { Filename: "./pool/g/g++_4%3a1~2_amd64.deb" }) },
    });
    assert.equal(entries.at(-1)?.path, "pool/g/g++_4%3a1~2_amd64.deb");
    assert.equal(entries.at(-1)?.from, "pool/g/g%2B%2B_4%253a1%7E2_amd64.deb");
  });

  test("slashes that follow one another, folded as clients do, but asked for as the upstream writes them", async () => {
    const { entries } = await walkSuite({
      indices: { [PACKAGES]: stanza("hello", { Filename: "pool//main//hello.deb" }) },
    });
    const { path, from } = entries.at(-1) ?? {};
    assert.deepEqual([path, from], ["pool/main/hello.deb", "pool//main//hello.deb"]);
  });

  test("the same steps over the snapshot that it described", async () => {
    const files = await buildSuite(key, { ...usual, byHash: true, detached: true });
    const live = await walk(files);
    const upstream = memoryUpstream(files);
    const snapshot = new Map(files);
    for (const path of snapshot.keys()) if (!live.paths.includes(path)) snapshot.delete(path);
    const again = await collect(enumerate(memoryUpstream(snapshot, "path"), optionsOf(), key.trust));
    assert.deepEqual(again, live);
    assert.deepEqual(upstream.asked, []);
  });

  test("unchanged, and nothing else, where the roots are", async () => {
    const upstream = { ...memoryUpstream(new Map()), roots: async () => "unchanged" as const };
    const steps = await Array.fromAsync(enumerate(upstream, optionsOf(), key.trust));
    assert.deepEqual(steps, ["unchanged"]);
  });

  test("claims of all suites before the first index is asked for", async () => {
    const files = await buildSuite(key, usual);
    await buildSuite(key, { ...usual, suite: "updates" }, files);
    const upstream = memoryUpstream(files);
    const steps = enumerate(upstream, optionsOf({ suites: ["stable", "updates", "stable"] }), key.trust);
    for (const root of ["dists/stable", "dists/updates"]) {
      const { value } = await steps.next();
      assert.equal((value as { claim: { root: string } }).claim.root, root);
    }
    assert.deepEqual(upstream.asked, []);
    const { value } = await steps.next();
    assert.ok("entry" in (value as object), "a suite that is named twice is walked once");
    await steps.return(undefined);
  });
});

describe("what the options select", () => {
  const wide: SuiteSpec = {
    fields: { Architectures: "all amd64 arm64" },
    indices: {
      [PACKAGES]: stanza("hello"),
      "main/binary-arm64/Packages": stanza("hello", { Architecture: "arm64" }),
      "main/binary-all/Packages": stanza("data", { Architecture: "all" }),
      "contrib/binary-amd64/Packages": stanza("game", { Section: "contrib/games" }),
      "main/i18n/Translation-en": "Package: hello\n",
      "main/i18n/Translation-de": "Package: hello\n",
      "main/i18n/Translation-en.diff/Index": "x",
      "main/source/Sources": "x",
      "main/Contents-amd64": "x",
    },
    extra: { "main/binary-amd64/Release": "Archive: stable\n" },
  };
  const below = (walked: Walked): string[] =>
    walked.paths.flatMap((path) => (/^dists\/stable\/(.*)\.gz$/.exec(path) ?? []).slice(1)).toSorted();

  test("one architecture with what `all` implies, English, all components", async () => {
    const walked = await walkSuite(wide);
    assert.deepEqual(below(walked), [
      "contrib/binary-amd64/Packages",
      "main/Contents-amd64",
      "main/binary-all/Packages",
      "main/binary-amd64/Packages",
      "main/i18n/Translation-en",
    ]);
    assert.ok(walked.paths.includes("dists/stable/main/binary-amd64/Release"));
  });

  test("components and languages as named", async () => {
    const picked = async (languages: unknown) =>
      below(await walkSuite(wide, { components: ["main"], languages })).filter((path) =>
        path.includes("i18n"),
      );
    assert.deepEqual(await picked(["de", "fr"]), ["main/i18n/Translation-de"]);
    assert.deepEqual(await picked("all"), ["main/i18n/Translation-de", "main/i18n/Translation-en"]);
    assert.deepEqual(await picked([]), []);
    assert.deepEqual(await picked("none"), []);
  });

  test("no binary-all where each architecture's index holds it, unless it is asked for", async () => {
    const spec = {
      ...wide,
      fields: { ...wide.fields, "No-Support-for-Architecture-all": "Packages" },
    };
    assert.ok(!below(await walkSuite(spec)).includes("main/binary-all/Packages"));
    const asked = await walkSuite(spec, { architectures: ["amd64", "all"] });
    assert.ok(below(asked).includes("main/binary-all/Packages"));
    const undeclared = await walkSuite({ ...wide, fields: { Architectures: "amd64 arm64" } });
    assert.ok(!below(undeclared).includes("main/binary-all/Packages"), "apt would not ask for it");
  });

  test("`all` beside another architecture, though the suite has no index of its own for it", async () => {
    assert.ok((await walkSuite(usual, { architectures: ["amd64", "all"] })).paths.length > 2);
  });

  test("security's `updates/main`, asked for in either way, as paths have it", async () => {
    const spec = {
      ...usual,
      suite: "stretch/updates",
      fields: { Suite: "oldstable", Codename: "stretch", Components: "updates/main updates/contrib" },
    };
    for (const components of [["main"], ["updates/main"], undefined]) {
      const { paths } = await walkSuite(spec, { suites: ["stretch/updates"], components });
      assert.ok(paths.includes(`dists/stretch/updates/${PACKAGES}.gz`), String(components));
    }
    const prefixed = { ...usual, indices: { "updates/main/binary-amd64/Packages": stanza("hello") } };
    const { paths } = await walkSuite(prefixed, { components: ["updates/main"] });
    assert.ok(paths.includes("dists/stable/updates/main/binary-amd64/Packages.gz"));
  });

  test("nothing of an index that is empty, as apt asks for none", async () => {
    const files = await buildSuite(key, {
      indices: { ...usual.indices, "contrib/binary-amd64/Packages": "", "main/i18n/Translation-en": "" },
    });
    for (const path of files.keys()) if (/contrib|i18n/.test(path)) files.delete(path);
    const { paths } = await walk(files);
    assert.ok(!paths.some((path) => /contrib|i18n/.test(path)));
    assert.ok(paths.includes(`dists/stable/${PACKAGES}.gz`));
  });

  test("a per-architecture Release only where the upstream has it", async () => {
    const files = await buildSuite(key, wide);
    files.delete("dists/stable/main/binary-amd64/Release");
    assert.ok(!(await walk(files)).paths.some((path) => path.endsWith("binary-amd64/Release")));
  });

  test("packages by section and name, in a sparse mirror only", async () => {
    const names = async (more: Record<string, unknown>) =>
      (await walkSuite(wide, more)).entries.flatMap((entry) => entry.package?.name ?? []).toSorted();
    const all = ["data", "game", "hello"];
    assert.deepEqual(await names({ skip: { sections: ["games"] } }), all);
    assert.deepEqual(await names({ mode: "sparse" }), all);
    assert.deepEqual(await names({ mode: "sparse", skip: { sections: ["games"] } }), ["data", "hello"]);
    assert.deepEqual(await names({ mode: "sparse", skip: { sections: ["contrib/*"] } }), ["data", "hello"]);
    assert.deepEqual(await names({ mode: "sparse", skip: { sections: ["main/*"] } }), ["game"]);
    assert.deepEqual(await names({ mode: "sparse", only: { packages: ["h*"] } }), ["hello"]);
    assert.deepEqual(
      await names({ mode: "sparse", only: { sections: ["utils"] }, skip: { packages: ["hello"] } }),
      ["data"],
    );
  });
});

describe("trust: none", () => {
  test("takes an unsigned Release, and says so", async () => {
    const files = await buildSuite(key, { ...usual, inRelease: false, detached: true });
    files.delete("dists/stable/Release.gpg");
    const { claims, entries } = await walk(files, {}, { kind: "none" });
    assert.deepEqual(claims[0]?.weak, ["unsigned: trust: none"]);
    assert.deepEqual(claims[0].signers, []);
    assert.equal(entries.length, 3);
  });
});

test("a missing or unreadable Date is said, not refused", async () => {
  const missing = await walkSuite({ ...usual, fields: { Date: undefined } });
  assert.deepEqual(missing.claims[0]?.weak, ["no Date"]);
  const odd = await walkSuite({ ...usual, fields: { Date: "yesterday" } });
  assert.deepEqual(odd.claims[0]?.weak, ["unreadable Date 'yesterday'"]);
  assert.equal(odd.claims[0].date, undefined);
});
