import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { needs } from "../../../test/needs.ts";
import { Cleanup } from "../../../test/temp.ts";
import { openKeys, type KeyStore, type SigningKey } from "../../../test/upstreams/gpg.ts";
import { rpmPath, rpmRepository, type RpmRepository, type RpmState } from "../../../test/upstreams/rpm.ts";
import { SluiceError } from "../../base/errors.ts";
import { Moved } from "../../upstream/contract.ts";
import { rpmOptions } from "./options.ts";
import { folderUpstream, trustOf, walk } from "./repository.test-helper.ts";
import { survey } from "./survey.ts";

const PACKAGES = [
  { name: "base", version: "1.0^git1", epoch: 1, arch: "x86_64", group: "System/Base" },
  { name: "tool", version: "2.0~rc1" },
];
const skip = needs("rpmbuild", "rpmsign", "createrepo_c", "modifyrepo_c", "gpg");

suite("the walk over what createrepo_c makes", { skip }, () => {
  const cleanup = new Cleanup();
  let keys: KeyStore;
  let vendor: SigningKey;
  let plain: RpmRepository;
  before(async () => {
    keys = cleanup.use(await openKeys());
    vendor = await keys.create("Vendor <vendor@example.org>", { algorithm: "rsa3072" });
    plain = await made({ packages: PACKAGES });
  });
  after(async () => await cleanup.run());

  const made = async (state: Partial<RpmState>): Promise<RpmRepository> =>
    cleanup.use(await rpmRepository(keys, { packages: PACKAGES, signWith: vendor, ...state }));

  async function forked(change: Partial<RpmState>): Promise<RpmRepository> {
    const copy = cleanup.use(await plain.fork());
    await copy.publish(change);
    return copy;
  }

  async function refused(
    root: string,
    code: string,
    more: Record<string, unknown> = {},
  ): Promise<SluiceError> {
    const error = await walk(root, await trustOf(vendor.binary), more).then(
      () => assert.fail(`nothing was refused, and ${code} was expected`),
      (fault: unknown) => (fault instanceof Moved ? fault.otherwise : fault),
    );
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, code, error.message);
    return error;
  }

  test("claims come first, then every file that is there, with the package that it is", async () => {
    const [first, ...rest] = await walk(plain.root, await trustOf(vendor.binary));
    assert.ok(first !== undefined && "claim" in first);
    const { signers, ...claim } = first.claim;
    assert.deepEqual(
      signers.map(({ fingerprint }) => fingerprint),
      [vendor.fingerprint],
    );
    const { date } = plain.state;
    assert.deepEqual(claim, { root: "repodata", date, serial: date / 1000, names: [], weak: [] });
    const entries = rest.flatMap((step) => ("entry" in step ? [step.entry] : []));
    const all = await readdir(plain.root, { recursive: true, withFileTypes: true });
    const files = all.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name));
    assert.deepEqual(entries.map(({ path }) => join(plain.root, path)).toSorted(), files.toSorted());
    assert.deepEqual(
      entries.filter(({ kind }) => kind === "package").map((entry) => entry.package),
      [
        { name: "base", version: "1:1.0^git1-1", arch: "x86_64" },
        { name: "tool", version: "2.0~rc1-1", arch: "noarch" },
      ],
    );
    assert.equal(
      entries.find(({ path }) => path.includes("tool"))?.from,
      "Packages/t/tool-2.0%7Erc1-1.noarch.rpm",
    );
  });

  for (const compression of ["gz", "xz", "bz2"] as const) {
    test(`every kind of repodata is carried, compressed by ${compression}, unknown kinds too`, async () => {
      const repository = await made({
        compression,
        checksum: "sha512",
        options: ["--database", "--zck"],
        comps: "<comps><group><id>g</id></group></comps>",
        extras: ["updateinfo", "modules", "productid", "never-heard-of"].map((type) => ({
          type,
          name: `${type}.xml`,
          content: `<${type}/>\n`,
        })),
      });
      const steps = await walk(repository.root, await trustOf(vendor.binary));
      const entries = steps.flatMap((step) => ("entry" in step ? [step.entry] : []));
      const wanted = (await readdir(join(repository.root, "repodata"))).map((name) => `repodata/${name}`);
      assert.deepEqual(
        entries.flatMap(({ kind, path }) => (kind === "package" ? [] : [path])).toSorted(),
        wanted.toSorted(),
      );
      assert.ok(wanted.length >= 16, String(wanted));
      assert.equal(entries.filter(({ kind }) => kind === "package").length, 2);
    });
  }

  test("metadata that nobody signed, that another key signed, or that was altered, are refused", async () => {
    await refused((await forked({ signMetadata: false })).root, "signature_missing");
    const other = await keys.create("Other <other@example.org>");
    const theirs = await forked({});
    await writeFile(
      join(theirs.root, "repodata/repomd.xml.asc"),
      await keys.detachSign(await readFile(join(theirs.root, "repodata/repomd.xml"), "utf8"), [other]),
    );
    await refused(theirs.root, "signature_untrusted");
    const altered = await forked({});
    await writeFile(join(altered.root, "repodata/repomd.xml"), "\n", { flag: "a" });
    await refused(altered.root, "signature_bad");
    await refused(join(plain.root, "Packages"), "root_missing");
  });

  test("without signed metadata it goes by `trust: packages` or `trust: none`, and says so", async () => {
    const { root } = await forked({ signMetadata: false });
    const packages = { ...(await trustOf(vendor.binary)), scope: "packages" as const };
    for (const [trust, weak] of [
      [packages, "metadata unsigned: trust: packages"],
      [{ kind: "none" } as const, "unsigned: trust: none"],
    ] as const) {
      const [first] = await walk(root, trust);
      assert.ok(first !== undefined && "claim" in first);
      assert.deepEqual([first.claim.signers, first.claim.weak], [[], [weak]]);
    }
  });

  test("a repomd.xml.key with a key of nobody's is left out", async () => {
    const other = await keys.create("Stranger <stranger@example.org>");
    const copy = await forked({});
    await writeFile(join(copy.root, "repodata/repomd.xml.key"), await readFile(other.armoured));
    const steps = await walk(copy.root, await trustOf(vendor.binary));
    assert.equal(
      steps.some((step) => "entry" in step && step.entry.path.endsWith(".key")),
      false,
    );
    assert.match(JSON.stringify(steps[0]), /repomd\.xml\.key holds other keys/);
  });

  test("what is signed and still must not be taken is refused by its own name", async () => {
    const edit = (from: RegExp, to: string) => ({ edit: (text: string) => text.replace(from, to) });
    const href = /href="(repodata\/[^"]*primary[^"]*)"/;
    const cases: [Partial<RpmState>, string][] = [
      [edit(href, 'href="../$1"'), "path_refused"],
      [edit(href, 'href="/etc/passwd"'), "path_refused"],
      [edit(href, 'xml:base="http://other.example.org/" href="$1"'), "path_refused"],
      [edit(href, 'href="repodata/gone.xml.gz"'), "file_missing"],
      [edit(/<open-size>\d+</, "<open-size>100<"), "decompression"],
      [edit(/<open-checksum type="sha256">./, '<open-checksum type="sha256">0'), "digest_mismatch"],
      [edit(/<size>\d+</, "<size>many<"), "metadata_invalid"],
      [edit(/type="primary"/, 'type="secondary"'), "not_offered"],
      [edit(/type="filelists"/, 'type="primary"'), "metadata_invalid"],
      [edit(/<checksum[^>]*>[^<]*<\/checksum>/, ""), "weak_digest"],
      [edit(/<\/repomd>/, ""), "metadata_invalid"],
      [{ checksum: "sha1" }, "weak_digest"],
    ];
    for (const [change, code] of cases) await refused((await forked(change)).root, code);
  });

  test("packages that primary.xml must not name are refused", async () => {
    const cases: [string[], string][] = [
      [["--baseurl", "http://other.example.org/"], "path_refused"],
      [["--location-prefix", ".."], "path_refused"],
      [["--location-prefix", "/srv"], "path_refused"],
    ];
    for (const [options, code] of cases) await refused((await forked({ options })).root, code);
  });

  test("several repositories below one upstream, by the variables of a .repo file", async () => {
    const steps = await walk(join(plain.root, ".."), await trustOf(vendor.binary), {
      repositories: ["$basearch"],
      basearch: ["root"],
    });
    const [first] = steps;
    assert.ok(first !== undefined && "claim" in first);
    assert.equal(first.claim.root, "root/repodata");
    const paths = steps.flatMap((step) => ("entry" in step ? [step.entry.path] : []));
    assert.ok(paths.includes(`root/${rpmPath(PACKAGES[1] ?? { name: "", version: "" })}`));
    assert.ok(paths.every((path) => path.startsWith("root/")));
  });

  test("a sparse mirror keeps what is selected, by name or group, and all metadata", async () => {
    const steps = await walk(plain.root, await trustOf(vendor.binary), {
      mode: "sparse",
      skip: { sections: ["Base"], packages: ["none-such-*"] },
    });
    const names = steps.flatMap((step) =>
      "entry" in step && step.entry.package ? [step.entry.package.name] : [],
    );
    assert.deepEqual(names, ["tool"]);
    assert.deepEqual(steps.at(-1), { filtered: { listed: 2, left: 1, unmatched: ["none-such-*"] } });
  });

  test("of versions and architectures, a sparse mirror keeps those that are asked for, and clients learn what is left out", async () => {
    const repository = await made({
      packages: [
        ...["1", "2", "3"].map((version) => ({ name: "tool", version })),
        { name: "tool", version: "0.5" },
        { name: "old", version: "1", arch: "i686" },
        { name: "base", version: "1", arch: "x86_64" },
      ],
      extras: [{ type: "modules", name: "modules.yaml", content: "- tool-0:0.5-1.noarch\n" }],
    });
    const trust = await trustOf(vendor.binary);
    const more = { mode: "sparse", newest: 1, architectures: ["x86_64"] };
    const steps = await walk(repository.root, trust, more);
    const kept = steps.flatMap((step) => ("entry" in step && step.entry.package ? [step.entry.path] : []));
    assert.deepEqual(kept.map((path) => path.slice(path.lastIndexOf("/") + 1)).toSorted(), [
      "base-1-1.x86_64.rpm",
      "tool-0.5-1.noarch.rpm",
      "tool-3-1.noarch.rpm",
    ]);
    assert.deepEqual(steps.at(-1), { filtered: { listed: 6, left: 3, unmatched: [] } });
    const held = new Set(kept);
    const snapshot = {
      files: folderUpstream(repository.root),
      trust,
      has: (path: string) => held.has(path),
      holes: 0,
    };
    const found = await survey(snapshot, { ...rpmOptions.parse({}), mode: "sparse" });
    assert.deepEqual(found.left, { "": ["*.i686", "tool-1-1.noarch", "tool-2-1.noarch"] });
  });
});
