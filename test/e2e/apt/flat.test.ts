import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { aptFileSearch, wantEverything } from "../../clients/apt-file.ts";
import { clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { nginxServer, treesSite } from "../../servers/nginx.ts";
import { flatRepository } from "../../upstreams/apt-flat.ts";
import type { FlatOptions, FlatRepository } from "../../upstreams/apt-flat.ts";
import { payloadPath } from "../../upstreams/deb.ts";
import { generations, withEachApt } from "./generations.ts";
import { assertCopyOf, assertSynced, digestsBelow, openLab, PACKAGES, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const APTS = await generations("desktop");
const CONTENTS = PACKAGES.map(({ name }) => `${payloadPath(name).padEnd(50)} misc/${name}\n`).join("");

suite("flat repositories, kept flat", { skip: skipApt || needs("apt-file") }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  async function flat(options: Partial<FlatOptions> = {}): Promise<FlatRepository> {
    const all = { packages: PACKAGES, signWith: [lab.vendor], suite: "./", ...options };
    return lab.cleanup.use(await flatRepository(lab.keys, all));
  }

  async function configured(root: string, suites: readonly string[]): Promise<SluiceSite> {
    const server = await lab.server(root);
    const site = await lab.site();
    const mirror = {
      ecosystem: "apt",
      upstream: server.url,
      suites,
      architectures: ["amd64"],
      keyring: lab.vendor.binary,
      retries: 0,
    };
    await site.configure({ m: mirror });
    return site;
  }

  async function mirrored(root: string, suites: readonly string[]): Promise<SluiceSite> {
    const site = await configured(root, suites);
    assertSynced(await site.sync("m"), "updated");
    await site.ok("verify", "m");
    const tree = await digestsBelow(join(site.data, "trees/m/latest"));
    assertCopyOf(tree, await digestsBelow(root), "the upstream");
    return site;
  }

  async function direct(system: string | undefined, url: string, name: string): Promise<AptClient> {
    const apt = await lab.apt({ system });
    await wantEverything(apt);
    await apt.source(
      ["Types: deb", `URIs: ${url}/`, `Suites: ${name}`, `Signed-By: ${lab.vendor.armoured}`, ""].join("\n"),
    );
    return apt;
  }

  /** Update and install with each apt by the embedded server, nginx and file://, without a word. */
  async function runsClean(t: TestContext, site: SluiceSite, name: string): Promise<void> {
    const embedded = lab.cleanup.use(await site.serve());
    const nginx = lab.cleanup.use(await nginxServer(treesSite(site.data)));
    await withEachApt(t, APTS, async ({ system }) => {
      for (const base of [`${embedded.url}/m`, `${nginx.url}/m`, `file://${site.data}/trees/m`]) {
        const apt = await direct(system, `${base}/latest`, name);
        clean(await apt.update());
        clean(await apt.install("tool", "doc"));
        deepEqual(Object.keys(await apt.installed()).toSorted(), ["base", "doc", "tool"]);
      }
    });
  }

  test("F1, F2: `./` and `/`, with a Release of Date and SHA256 alone", async (t) => {
    for (const name of ["./", "/"]) {
      const site = await mirrored((await flat()).root, [name]);
      await runsClean(t, site, name);
    }
  });

  test("F3: a folder, whose packages stand relative to the base", async (t) => {
    const { root } = await flat({
      suite: "noble/",
      fields: { Suite: "noble/" },
      fileName: ({ name }) => `files/${name}.deb`,
    });
    await runsClean(t, await mirrored(root, ["noble/"]), "noble/");
  });

  test("F3: a folder that calls itself otherwise is taken, and apt says what it says of the upstream", async (t) => {
    const { root } = await flat({ suite: "noble/", fields: { Suite: "stable", Codename: "stable" } });
    const site = await mirrored(root, ["noble/"]);
    await withEachApt(t, APTS, async ({ system }) => {
      const apt = await direct(system, `file://${site.data}/trees/m/latest`, "noble/");
      const ran = await apt.update();
      equal(ran.code, 0);
      match(ran.complaints.join("\n"), /^W: Conflicting distribution: .*expected noble\/ but got stable\)$/);
    });
  });

  test("F4: by-hash beside Release", async (t) => {
    const site = await mirrored((await flat({ byHash: true })).root, ["./"]);
    await withEachApt(t, APTS, async ({ system }) => {
      const nginx = lab.cleanup.use(await nginxServer(treesSite(site.data)));
      const apt = await direct(system, `${nginx.url}/m/latest`, "./");
      clean(await apt.update());
      const asked = (await nginx.log()).filter((line) => /Packages|by-hash/.test(line));
      equal(asked.length, 1);
      match(asked[0] ?? "", /^200 GET \/m\/latest\/\.?\/?by-hash\/SHA256\/[0-9a-f]{64}/);
    });
  });

  test("F5: no Date is taken, shown as weak, and apt's own warning is all there is", async (t) => {
    const site = await mirrored((await flat({ dated: false })).root, ["./"]);
    match((await site.ok("show", "m@latest")).stdout, /no Date/);
    await withEachApt(t, APTS, async ({ system }) => {
      const apt = await direct(system, `file://${site.data}/trees/m/latest`, "./");
      const ran = await apt.update();
      equal(ran.code, 0);
      deepEqual(ran.complaints.length, 1);
      match(ran.complaints[0] ?? "", /^W: Invalid 'Date' entry/);
      clean(await apt.install("tool"));
    });
  });

  test("F6: for which MD5 and SHA-1 alone vouch is refused by its name", async () => {
    const site = await configured((await flat({ hashes: ["MD5Sum", "SHA1"] })).root, ["./"]);
    const line = await site.sync("m");
    deepEqual([line.code, line.error?.code], [1, "weak_digest"]);
  });

  test("by the client set-up, with apt-file and a translation", async (t) => {
    const tools = await flat({
      suite: "tools/",
      byHash: true,
      fields: { Codename: "tools/", Origin: "Vendor" },
      more: {
        "Contents-amd64": CONTENTS,
        en: `Package: tool\nDescription-md5: ${"0".repeat(32)}\nDescription-en: A tool\n\n`,
      },
    });
    const site = await mirrored(tools.root, ["tools/"]);
    const { url } = lab.cleanup.use(await site.serve());
    const mirror = { ecosystem: "apt", upstream: url, suites: ["tools/"], architectures: ["amd64"] };
    await site.configure({ m: { ...mirror, keyring: lab.vendor.binary } }, { url });
    await withEachApt(t, APTS, async ({ system }) => {
      const apt = await lab.apt({ system });
      await wantEverything(apt);
      await site.setUpClient(apt, "m", "latest");
      clean(await apt.program("apt-file", "update"));
      clean(await apt.install("tool"));
      deepEqual(await aptFileSearch(apt, payloadPath("doc")), [`doc: /${payloadPath("doc")}`]);
      ok((await apt.get("indextargets", "--format", "$(METAKEY)")).stdout.includes("en\n"));
    });
  });
});
