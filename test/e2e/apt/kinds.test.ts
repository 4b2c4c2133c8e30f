import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptFile, wantEverything } from "../../clients/apt-file.ts";
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
import { GENERATIONS } from "./generations.ts";

const [, newest] = GENERATIONS;

const skip = skipApt || needs("apt-file", "appstreamcli");
const ALL = { sources: true, udebs: true, installer: true };
const IMAGES = ["20230607/images", "20230607+deb12u1/legacy-images", "current/images"];

suite("everything else that an apt client asks a mirror for", { skip }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  async function archive(shape: "debian" | "ubuntu", more: Partial<AptKinds> = {}): Promise<AptRepository> {
    const folder = addKinds({
      packages: PACKAGES,
      contents: shape,
      sources: [
        { name: "base", version: "1:1.0+dfsg~rc1-1" },
        { name: "tool", version: "2.0-1" },
      ],
      udebs: [{ name: "busybox-udeb", version: "1:1.35.0-4" }],
      installer: IMAGES,
      cache: await lab.cleanup.folder("udebs"),
      ...more,
    });
    return lab.upstream({ shape, edit: { folder } });
  }

  async function mirrored(
    upstream: AptRepository,
    more: Readonly<Record<string, unknown>>,
  ): Promise<{ site: SluiceSite; url: string }> {
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url, more) });
    assertSynced(await site.sync("m"), "updated");
    await site.ok("verify", "m");
    const { url } = lab.cleanup.use(await site.serve());
    await site.configure({ m: mirrorOf(upstream, server.url, more) }, { url });
    return { site, url };
  }

  /** A client as `wantEverything` has it, with a source that limits nothing. */
  async function direct(
    url: string,
    name: string,
    more: readonly string[] = [],
    system?: string,
  ): Promise<AptClient> {
    const apt = await lab.apt({ system });
    await wantEverything(apt);
    await apt.source(aptSource(url, name, "main", lab.vendor.armoured, more));
    return apt;
  }

  async function listsOf(apt: AptClient): Promise<string[]> {
    const names = await readdir(join(apt.root, "var/lib/apt/lists"));
    return names.map((name) => name.replace(/^.*_dists_[^_]+_/, "")).toSorted();
  }

  async function runsClean(apt: AptClient, name: string): Promise<void> {
    clean(await apt.update());
    clean(await apt.get("install", "-y", "-t", name, "tool", "doc"));
    deepEqual(Object.keys(await apt.installed()).toSorted(), ["base", "doc", "tool"]);
    const found = await aptFile(apt, "search", "usr/share/tool/version");
    equal(found.code, 0, found.stderr);
    match(found.stdout, /^tool: \/usr\/share\/tool\/version$/m);
    equal(found.stderr, "");
  }

  for (const [shape, name] of [
    ["debian", "trixie"],
    ["ubuntu", "noble"],
  ] as const) {
    test(
      `${shape}: by default, the newest apt finds all that it asks for`,
      { skip: newest.skip },
      async () => {
        const { site, url } = await mirrored(await archive(shape), { sources: true });
        const plain = await direct(`${url}/m/latest`, name, [], newest.system);
        const setUp = await lab.apt({ system: newest.system });
        await wantEverything(setUp);
        await site.setUpClient(setUp, "m", "latest");
        for (const apt of [plain, setUp]) {
          await runsClean(apt, name);
          const lists = (await listsOf(apt)).join(" ");
          for (const part of [
            "Contents-amd64",
            "Components-amd64.yml",
            "icons-64x64.tar",
            "cnf_Commands-amd64",
          ])
            ok(lists.includes(part), `${part} is not among ${lists}`);
        }
        clean(await setUp.get("source", "--download-only", "tool"));
      },
    );

    test(`${shape}: by default, a client with apt-file, AppStream and icons finds all that it asks for`, async () => {
      const upstream = await archive(shape);
      const { site, url } = await mirrored(upstream, {});
      const tree = await digestsBelow(join(site.data, "trees/m/latest"));
      assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
      for (const base of [`${url}/m/latest`, `file://${site.data}/trees/m/latest`]) {
        const apt = await direct(base, name);
        await runsClean(apt, name);
        const lists = (await listsOf(apt)).join(" ");
        for (const part of ["Contents-amd64", "Components-amd64.yml", "icons-48x48.tar", "icons-64x64.tar"])
          ok(lists.includes(part), `${part} is not among ${lists}`);
        ok(lists.includes("cnf_Commands-amd64"), lists);
      }
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
      // Three binary packages, two of source with two files each, one for the installer.
      equal((await site.mirror("m")).snapshots[0]?.packages, 6);
    });

    test("`apt-get source` by the embedded server, by file://, and by the client set-up", async () => {
      const types = (base: string): Promise<AptClient> =>
        direct(base, "trixie").then(async (apt) => {
          const source = aptSource(base, "trixie", "main", lab.vendor.armoured);
          await apt.source(source.replace("Types: deb", "Types: deb deb-src"));
          return apt;
        });
      const setUp = await lab.apt();
      await wantEverything(setUp);
      await site.setUpClient(setUp, "m", "latest");
      const clients = [
        await types(`${url}/m/latest`),
        await types(`file://${site.data}/trees/m/latest`),
        setUp,
      ];
      for (const apt of clients) {
        await runsClean(apt, "trixie");
        clean(await apt.get("source", "--download-only", "tool", "base=1:1.0+dfsg~rc1-1"));
        // Beside those that apt links to under file://, they lie where the command ran.
        deepEqual((await readdir(apt.root)).filter((name) => /_/.test(name)).toSorted(), [
          "base_1.0+dfsg~rc1-1.dsc",
          "base_1.0+dfsg~rc1-1.tar.xz",
          "tool_2.0-1.dsc",
          "tool_2.0-1.tar.xz",
        ]);
      }
    });

    test("udebs, as the installer names them", async () => {
      for (const base of [`${url}/m/latest`, `file://${site.data}/trees/m/latest`]) {
        const apt = await lab.apt();
        await apt.source(aptSource(base, "trixie", "main main/debian-installer", lab.vendor.armoured));
        clean(await apt.update());
        equal(await apt.candidate("busybox-udeb"), "1:1.35.0-4");
        clean(await apt.get("download", "busybox-udeb"));
      }
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

  test("what is left out by option, the client set-up keeps apt from asking for", async () => {
    const upstream = await archive("debian");
    const { site, url } = await mirrored(upstream, {
      contents: false,
      dep11: false,
      cnf: false,
      languages: "none",
    });
    const apt = await lab.apt();
    await wantEverything(apt);
    await site.setUpClient(apt, "m", "latest");
    clean(await apt.update());
    clean(await apt.install("tool"));
    // Without that, it is an error.
    const asked = await direct(`${url}/m/latest`, "trixie");
    const ran = await asked.update();
    equal(ran.code, 100);
    match(ran.complaints.join("\n"), /^E: Failed to fetch .*(Contents|dep11|cnf|Translation)/m);
  });

  test("a mirror written as apt's own source: two suites of one archive, with their sources", async () => {
    const base = await archive("debian", { installer: [] });
    const { folder } = base.state.edit;
    const upstream = await lab.upstream({ suites: ["trixie", "trixie-updates"], edit: { folder } });
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
    const apt = await direct(`file://${site.data}/trees/m/latest`, "trixie trixie-updates");
    clean(await apt.update());
    clean(await apt.get("install", "-y", "-t", "trixie-updates", "tool"));
  });
});
