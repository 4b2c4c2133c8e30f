import { existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import { flatRepository } from "../../upstreams/apt-flat.ts";
import type { AptOptions } from "../../upstreams/apt.ts";
import { debName } from "../../upstreams/deb.ts";
import { GENERATIONS, withEachApt } from "./generations.ts";
import { assertCopyOf, assertSynced, digestsBelow, mirrorOf, openLab, PACKAGES, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const ZEROS = { md5: "0".repeat(32), sha256: "0".repeat(64) };

suite("old, odd and vendors' repositories", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  /** Syncs, verifies and compares; then update and install with each apt by the embedded server and by file://, without a word. */
  async function works(
    t: TestContext,
    options: Partial<AptOptions>,
    more: Readonly<Record<string, unknown>> = {},
    odd: (server: StaticServer) => void = () => undefined,
  ): Promise<void> {
    const upstream = await lab.upstream(options);
    const server = await lab.server(upstream.root);
    odd(server);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url, more) });
    assertSynced(await site.sync("m"), "updated");
    await site.ok("verify", "m");
    const tree = await digestsBelow(join(site.data, "trees/m/latest"));
    assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
    const [name = ""] = upstream.state.suites;
    await usable(t, site, (base) => aptSource(base, name, "main", lab.vendor.armoured));
  }

  async function usable(t: TestContext, site: SluiceSite, source: (base: string) => string): Promise<void> {
    const { url } = lab.cleanup.use(await site.serve());
    await withEachApt(t, GENERATIONS, async ({ system }) => {
      for (const base of [`${url}/m/latest`, `file://${site.data}/trees/m/latest`]) {
        const apt = await lab.apt({ system });
        await apt.source(source(base));
        await installs(apt);
      }
    });
  }

  async function installs(apt: AptClient): Promise<void> {
    clean(await apt.update());
    clean(await apt.install("tool", "doc"));
    deepEqual(Object.keys(await apt.installed()).toSorted(), ["base", "doc", "tool"]);
  }

  test("a Release without Components and Architectures, and none in the config", async (t) => {
    const release = (text: string): string => text.replace(/^(Components|Architectures): .*\n/gm, "");
    await works(t, { edit: { release } }, { components: undefined });
  });

  test("entries of unknown kinds and endings, or vouched for by MD5 alone, that nobody needs", async (t) => {
    const release = (text: string): string =>
      text
        .replace(
          /^MD5Sum:\n/m,
          `MD5Sum:\n ${ZEROS.md5} 5 main/binary-amd64/Packages.lrz\n ${ZEROS.md5} 7 main/Contents-amd64.gz\n`,
        )
        .replace(
          /^SHA256:\n/m,
          `SHA256:\n ${ZEROS.sha256} 5 main/binary-amd64/Packages.zpaq\n ${ZEROS.sha256} 9 main/odd/what+is~this.7z\n`,
        );
    await works(t, { edit: { release } });
  });

  test("no by-hash, no validators, and every file under a wrong type", async (t) => {
    await works(t, { byHash: false }, {}, (server) => {
      server.validators = false;
      server.headers = { "content-type": "text/html; charset=latin1", "content-encoding": "x-gzip" };
    });
  });

  test("a store that refuses what it does not have: 403 for by-hash names and a Release that is not there", async (t) => {
    await works(t, { releaseGpg: false }, {}, (server) => {
      server.onRequest = async ({ path }) => {
        if (path.includes("/by-hash/") || path.endsWith("/Release")) return { status: 403 };
        const there = await access(join(server.root, path)).then(
          () => true,
          () => false,
        );
        return there ? undefined : { status: 403 };
      };
    });
  });

  test("names with spaces, brackets and percent signs, and of 255 bytes", async (t) => {
    const names: Record<string, string> = {
      base: "my tools/base 1.0 (amd64).deb",
      tool: `100%25 [new]/${"t".repeat(251)}.deb`,
      doc: `${"d".repeat(251)}/doc&é.deb`,
    };
    const upstream = lab.cleanup.use(
      await flatRepository(lab.keys, {
        packages: PACKAGES,
        signWith: [lab.vendor],
        suite: "./",
        fileName: (spec) => names[spec.name] ?? debName(spec),
      }),
    );
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    const mirror = {
      ecosystem: "apt",
      upstream: server.url,
      suites: ["./"],
      architectures: ["amd64"],
      keyring: lab.vendor.binary,
    };
    await site.configure({ m: mirror });
    assertSynced(await site.sync("m"), "updated");
    await site.ok("verify", "m");
    const tree = await digestsBelow(join(site.data, "trees/m/latest"));
    for (const name of Object.values(names)) ok(tree.has(name), [...tree.keys()].join("\n"));
    await usable(t, site, (base) =>
      ["Types: deb", `URIs: ${base}/`, "Suites: ./", `Signed-By: ${lab.vendor.armoured}`, ""].join("\n"),
    );
  });

  test("keys and signatures of the SHA-1 era are refused, and taken by their names", async (t) => {
    const old = await lab.keys.create("Old <old@example.org>", { algorithm: "dsa1024", digest: "SHA1" });
    const upstream = await lab.upstream({ signWith: [old] });
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    const refused = await site.sync("m");
    deepEqual([refused.code, refused.error?.code], [1, "key_weak"]);
    await site.configure({ m: mirrorOf(upstream, server.url, { "allow-weak": ["sha1"] }) });
    equal((await site.sync("m")).error?.code, "key_weak", "one name is not the other");
    await site.configure({ m: mirrorOf(upstream, server.url, { "allow-weak": ["sha1", "dsa"] }) });
    assertSynced(await site.sync("m"), "updated");
    await site.ok("verify", "m");
    match((await site.ok("show", "m@latest")).stdout, /sha1/);
    // apt of this age takes no SHA-1 from anybody: the mirror is for those that are as old as the vendor's key.
    await withEachApt(t, GENERATIONS, async ({ system }) => {
      const apt = await lab.apt({ system });
      await apt.source(aptSource(`file://${site.data}/trees/m/latest`, "trixie", "main", old.armoured));
      match(
        (await apt.update()).complaints.join("\n"),
        /signatures were invalid|SHA1 is not considered secure/,
      );
    });
  });

  test("a short key is refused, and taken by its name; apt then has no complaint, unless sqv is what it verifies with", async (t) => {
    const short = await lab.keys.create("Short <short@example.org>", { algorithm: "rsa1024" });
    const upstream = await lab.upstream({ signWith: [short] });
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    equal((await site.sync("m")).error?.code, "key_weak");
    await site.configure({ m: mirrorOf(upstream, server.url, { "allow-weak": ["rsa1024"] }) });
    assertSynced(await site.sync("m"), "updated");
    await withEachApt(t, GENERATIONS, async ({ system }) => {
      const apt = await lab.apt({ system });
      await apt.source(aptSource(`file://${site.data}/trees/m/latest`, "trixie", "main", short.armoured));
      if (existsSync(join(apt.system, "usr/bin/sqv")))
        match((await apt.update()).complaints.join("\n"), /RSA1024 is not considered secure/);
      else await installs(apt);
    });
  });
});
