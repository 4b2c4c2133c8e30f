import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptFileSearch, wantEverything } from "../../clients/apt-file.ts";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { must } from "../../run.ts";
import { addKinds } from "../../upstreams/apt-kinds.ts";
import type { AptKinds } from "../../upstreams/apt-kinds.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { assertCopyOf, assertSynced, digestsBelow, mirrorOf, openLab, PACKAGES, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";
import { generations, withEachApt } from "./generations.ts";
import type { Generation } from "./generations.ts";

// apt-file, appstream and dpkg-source are those of the same system as apt.
const APTS = await generations("desktop");
const skip = skipApt || needs("apt-file", "appstreamcli", "dpkg-source");
const ALL = { sources: true, udebs: true, installer: true };
/** As every archive has it, for `apt-get build-dep`. */
const ARCHIVE = [...PACKAGES, { name: "build-essential", version: "12.12" }];
const IMAGES = ["20230607/images", "20230607+deb12u1/legacy-images", "current/images"];

suite("everything else that an apt client asks a mirror for", { skip }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  async function kinds(more: Partial<AptKinds> = {}): Promise<AptKinds> {
    return {
      packages: ARCHIVE,
      contents: "debian",
      sources: [
        { name: "base", version: "1:1.0+dfsg~rc1-1" },
        { name: "tool", version: "2.0-1", buildDepends: "base (>= 1:1.0), doc" },
      ],
      udebs: [{ name: "busybox-udeb", version: "1:1.35.0-4" }],
      installer: IMAGES,
      cache: await lab.cleanup.folder("udebs"),
      ...more,
    };
  }

  async function archive(shape: "debian" | "ubuntu", more: Partial<AptKinds> = {}): Promise<AptRepository> {
    const folder = addKinds(await kinds({ contents: shape, ...more }));
    return lab.upstream({ shape, packages: ARCHIVE, edit: { folder } });
  }

  interface Mirrored {
    readonly site: SluiceSite;
    readonly url: string;
  }

  async function mirrored(
    upstream: AptRepository,
    more: Readonly<Record<string, unknown>>,
  ): Promise<Mirrored> {
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url, more) });
    assertSynced(await site.sync("m"), "updated");
    await site.ok("verify", "m");
    const { url } = lab.cleanup.use(await site.serve());
    await site.configure({ m: mirrorOf(upstream, server.url, more) }, { url });
    return { site, url };
  }

  /** A client as `wantEverything` has it, without a source. */
  async function curious(system: string | undefined): Promise<AptClient> {
    const apt = await lab.apt({ system });
    await wantEverything(apt);
    return apt;
  }

  /** With one that limits nothing, for these types. */
  async function direct(
    system: string | undefined,
    url: string,
    name: string,
    types = "deb",
  ): Promise<AptClient> {
    const apt = await curious(system);
    const source = aptSource(url, name, "main", lab.vendor.armoured);
    await apt.source(source.replace("Types: deb", `Types: ${types}`));
    return apt;
  }

  /** Such clients by the embedded server and by file://, and one that is set up by Sluice. */
  async function* clients(
    system: string | undefined,
    { site, url }: Mirrored,
    name: string,
    types = "deb",
  ): AsyncGenerator<AptClient> {
    for (const base of [`${url}/m/latest`, `file://${site.data}/trees/m/latest`])
      yield await direct(system, base, name, types);
    const setUp = await curious(system);
    await site.setUpClient(setUp, "m", "latest");
    yield setUp;
  }

  async function listsOf(apt: AptClient): Promise<string[]> {
    const names = await readdir(join(apt.root, "var/lib/apt/lists"));
    return names.map((name) => name.replace(/^.*_dists_[^_]+_/, "")).toSorted();
  }

  async function runsClean(apt: AptClient, name: string): Promise<void> {
    clean(await apt.program("apt-file", "update"));
    clean(await apt.get("install", "-y", "-t", name, "tool", "doc"));
    deepEqual(Object.keys(await apt.installed()).toSorted(), ["base", "doc", "tool"]);
    deepEqual(await aptFileSearch(apt, "usr/share/tool/version"), ["tool: /usr/share/tool/version"]);
    clean(await apt.upgrade());
  }

  for (const [shape, name] of [
    ["debian", "trixie"],
    ["ubuntu", "noble"],
  ] as const) {
    test(`${shape}: by default, a client with apt-file, AppStream and icons finds all that it asks for`, async (t) => {
      const upstream = await archive(shape);
      const all = await mirrored(upstream, {});
      const tree = await digestsBelow(join(all.site.data, "trees/m/latest"));
      assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
      // Each index once, in the form that is asked first; and nothing that was not asked for.
      const names = [...tree.keys()].filter((path) => !path.includes("/by-hash/"));
      const indices = names.filter((path) => /Contents|dep11|cnf|source|installer|udeb/.test(path));
      deepEqual(
        indices.map((path) => path.replace(/^dists\/[^/]+\//, "")).toSorted(),
        [
          ...(shape === "ubuntu"
            ? ["Contents-amd64.gz"]
            : ["main/Contents-all.gz", "main/Contents-amd64.gz"]),
          "main/cnf/Commands-amd64.xz",
          "main/dep11/Components-amd64.yml.xz",
          "main/dep11/icons-48x48.tar.gz",
          "main/dep11/icons-64x64.tar.gz",
        ].toSorted(),
      );
      await withEachApt(t, APTS, async ({ system }) => {
        for await (const apt of clients(system, all, name)) {
          await runsClean(apt, name);
          const lists = (await listsOf(apt)).join(" ");
          for (const part of [
            "Contents-amd64",
            "Components-amd64.yml",
            "icons-48x48.tar",
            "icons-64x64.tar",
            "cnf_Commands-amd64",
          ])
            ok(lists.includes(part), `${part} is not among ${lists}`);
        }
      });
    });
  }

  suite("with sources, udebs and installer images", () => {
    let upstream: AptRepository;
    let site: SluiceSite;
    let url = "";
    before(async () => {
      upstream = await archive("debian");
      ({ site, url } = await mirrored(upstream, ALL));
    });

    test("all of it is a copy of the upstream, byte for byte", async () => {
      const tree = await digestsBelow(join(site.data, "trees/m/latest"));
      assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
      const count = (pattern: RegExp): number => [...tree.keys()].filter((path) => pattern.test(path)).length;
      equal(count(/^sources\//), 4);
      equal(count(/^udebs\//), 1);
      equal(count(/\.iso$/), IMAGES.length);
      // Four binary packages, two of source with two files each, one for the installer.
      equal((await site.mirror("m")).snapshots[0]?.packages, 7);
    });

    test("`apt-get source` and `build-dep` by the embedded server, by file://, and by the client set-up", async (t) => {
      await withEachApt(t, APTS, async ({ system }) => {
        for await (const apt of clients(system, { site, url }, "trixie", "deb deb-src")) {
          await runsClean(apt, "trixie");
          clean(await apt.get("source", "tool", "base=1:1.0+dfsg~rc1-1"));
          // Where the command ran, beside those that apt links to under file://; and unpacked there.
          const names = (await readdir(apt.root)).filter((file) => /^(?:base|tool)/.test(file));
          deepEqual(names.toSorted(), [
            "base-1.0+dfsg~rc1",
            "base_1.0+dfsg~rc1-1.dsc",
            "base_1.0+dfsg~rc1-1.tar.xz",
            "tool-2.0",
            "tool_2.0-1.dsc",
            "tool_2.0-1.tar.xz",
          ]);
          match(await readFile(join(apt.root, "tool-2.0/debian/rules"), "utf8"), /tool 2\.0-1$/m);
          const needed = await apt.get("build-dep", "--simulate", "tool");
          clean(needed);
          match(needed.stdout, /^Inst build-essential \(12\.12 /m);
        }
      });
    });

    test("udebs, as the installer names them", async (t) => {
      await withEachApt(t, APTS, async ({ system }) => {
        for (const base of [`${url}/m/latest`, `file://${site.data}/trees/m/latest`]) {
          const apt = await lab.apt({ system });
          await apt.source(aptSource(base, "trixie", "main main/debian-installer", lab.vendor.armoured));
          clean(await apt.update());
          equal(await apt.candidate("busybox-udeb"), "1:1.35.0-4");
          clean(await apt.get("download", "busybox-udeb"));
        }
      });
    });

    test("images, which their SHA256SUMS vouch for where they are served", async () => {
      for (const folder of IMAGES) {
        const at = join(site.data, "trees/m/latest/dists/trixie/main/installer-amd64", folder);
        const said = await must("sha256sum", ["--strict", "-c", "SHA256SUMS"], { cwd: at });
        equal(said.trim().split("\n").length, 3);
      }
      const reply = await fetch(
        `${url}/m/latest/dists/trixie/main/installer-amd64/current/images/netboot/mini.iso`,
      );
      equal(reply.status, 200);
      await reply.arrayBuffer();
    });

    test("an image or a source that was altered is refused, and `latest` stays", async () => {
      const cases = [
        "dists/trixie/main/installer-amd64/current/images/netboot/mini.iso",
        "sources/tool/tool_2.0-1.tar.xz",
        "dists/trixie/main/dep11/icons-64x64.tar.gz",
      ];
      for (const path of cases) {
        const bad = await lab.fork(upstream);
        const bytes = await readFile(join(bad.root, path));
        bytes[10] = (bytes[10] ?? 0) ^ 1;
        // A new file: the by-hash names of an index are links to the old one, which would answer for it.
        await rm(join(bad.root, path));
        await writeFile(join(bad.root, path), bytes);
        const fresh = await lab.site();
        const server = await lab.server(bad.root);
        server.onRequest = ({ path: asked }) => (asked.includes("by-hash") ? { status: 404 } : undefined);
        await fresh.configure({ m: mirrorOf(bad, server.url, ALL) });
        const line = await fresh.sync("m");
        deepEqual([line.code, line.result, line.error?.code], [1, "failed", "digest_mismatch"], path);
        ok(line.error?.message.includes(path), line.error?.message);
        deepEqual(await fresh.ids("m"), []);
      }
    });
  });

  test("hosts of before follow to what is new, and upgrade: packages, sources, and what apt-file searches", async (t) => {
    const upstream = await archive("debian", { installer: [] });
    const { site, url } = await mirrored(upstream, { sources: true });
    const hosts = new Map<Generation, AptClient>();
    for (const generation of APTS.filter(({ skip: without }) => without === false)) {
      const apt = await curious(generation.system);
      await site.setUpClient(apt, "m", "latest");
      await runsClean(apt, "trixie");
      hosts.set(generation, apt);
    }

    const packages = ARCHIVE.map((spec) => (spec.name === "tool" ? { ...spec, version: "2.1-1" } : spec));
    const extra = { name: "extra", version: "1" };
    const sources = [{ name: "tool", version: "2.1-1", buildDepends: "extra" }];
    const next = await kinds({ packages: [...packages, extra], sources, installer: [] });
    await upstream.publish({ packages: next.packages, edit: { folder: addKinds(next) } });
    const inRelease = async (): Promise<string> =>
      await (await fetch(`${url}/m/latest/dists/trixie/InRelease`)).text();
    const old = await inRelease();
    assertSynced(await site.sync("m"), "updated");
    // For a moment the server answers as before.
    while ((await inRelease()) === old);

    await withEachApt(t, APTS, async (generation) => {
      const apt = hosts.get(generation);
      ok(apt !== undefined);
      clean(await apt.program("apt-file", "update"));
      clean(await apt.upgrade());
      equal((await apt.installed())["tool"], "2.1-1");
      clean(await apt.install("extra"));
      deepEqual(await aptFileSearch(apt, "usr/share/extra/"), ["extra: /usr/share/extra/version"]);
      clean(await apt.get("source", "tool"));
      match(await readFile(join(apt.root, "tool-2.1/debian/rules"), "utf8"), /tool 2\.1-1$/m);
      clean(await apt.get("build-dep", "--simulate", "tool"));
    });
  });

  test("what is left out by option, the client set-up keeps apt from asking for", async (t) => {
    const upstream = await archive("debian");
    const { site, url } = await mirrored(upstream, {
      contents: false,
      dep11: false,
      cnf: false,
      languages: "none",
    });
    await withEachApt(t, APTS, async ({ system }) => {
      const apt = await curious(system);
      await site.setUpClient(apt, "m", "latest");
      clean(await apt.update());
      clean(await apt.install("tool"));
      // Without that, it is an error.
      const asked = await direct(system, `${url}/m/latest`, "trixie");
      const ran = await asked.update();
      equal(ran.code, 100);
      match(ran.complaints.join("\n"), /^E: Failed to fetch .*(Contents|dep11|cnf|Translation)/m);
    });
  });

  test("a mirror written as apt's own source: two suites of one archive, with their sources", async (t) => {
    const folder = addKinds(await kinds({ installer: [] }));
    const upstream = await lab.upstream({
      packages: ARCHIVE,
      suites: ["trixie", "trixie-updates"],
      edit: { folder },
    });
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    const source = `[arch=amd64 signed-by=${lab.vendor.binary}] ${server.url}`;
    const repository = [
      `deb ${source} trixie main`,
      `deb ${source} trixie-updates main`,
      `deb-src ${source} trixie main`,
    ].join("\n");
    await site.configure({ m: { ecosystem: "apt", repository } });
    assertSynced(await site.sync("m"), "updated");
    deepEqual(await site.ids("m"), [(await site.mirror("m")).channels["latest"]]);
    const base = `file://${site.data}/trees/m/latest`;
    await withEachApt(t, APTS, async ({ system }) => {
      const apt = await direct(system, base, "trixie trixie-updates");
      clean(await apt.update());
      clean(await apt.get("install", "-y", "-t", "trixie-updates", "tool"));
    });
  });
});
