import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptOptions, AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS, withEachApt } from "./generations.ts";
import {
  assertCopyOf,
  assertSynced,
  clientComponents,
  digestsBelow,
  mirrorOf,
  openLab,
  PACKAGES,
  skipApt,
} from "./lab.ts";
import type { Lab } from "./lab.ts";

interface Variant {
  readonly options: Partial<AptOptions>;
  /** What the config says besides. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Some path that the mirror must hold, and some that it must not. */
  readonly has?: RegExp;
  readonly lacks?: RegExp;
  readonly viaFile?: boolean;
}

const VARIANTS: Record<string, Variant> = {
  "inrelease-only": { options: { releaseGpg: false, perArchRelease: false }, lacks: /Release\.gpg$/ },
  "release-gpg-only": { options: { inRelease: false }, lacks: /InRelease$/ },
  xz: { options: { compressions: ["gz", "xz"] }, has: /Packages\.xz$/, lacks: /Packages(\.gz)?$/ },
  gz: { options: { compressions: ["gz"] }, has: /Packages\.gz$/ },
  bz2: { options: { compressions: ["bz2", "gz"] }, has: /Packages\.bz2$/, lacks: /Packages\.gz$/ },
  zst: { options: { compressions: ["zst"] }, has: /Packages\.zst$/ },
  lz4: { options: { compressions: ["lz4"] }, has: /Packages\.lz4$/ },
  plain: { options: { compressions: [], plain: "shipped" }, has: /Packages$/ },
  "no-by-hash": { options: { byHash: false }, lacks: /by-hash/ },
  sha512: {
    options: { hashes: ["MD5Sum", "SHA256", "SHA512"] },
    has: /by-hash\/SHA512\/[0-9a-f]{128}$/,
    lacks: /by-hash\/(MD5Sum|SHA256)/,
  },
  "no-translations": { options: { translations: [], longDescriptions: true } },
  "other-languages": { options: { translations: ["en", "de"] }, lacks: /Translation-de/ },
  "empty-component": { options: { components: ["main", "contrib"] } },
  "file-upstream": { options: {}, viaFile: true },
  unsigned: {
    options: { inRelease: false, releaseGpg: false },
    more: { trust: "none", keyring: undefined },
  },
};

suite("variants of apt repositories, through Sluice to the real apt", { skip: skipApt }, () => {
  let lab: Lab;
  let site: SluiceSite;
  let served: Served;
  const upstreams = new Map<string, AptRepository>();
  const servers = new Map<string, StaticServer>();

  before(async () => {
    lab = await openLab();
    site = await lab.site();
    const mirrors: Record<string, Record<string, unknown>> = {};
    for (const [name, { options, more, viaFile }] of Object.entries(VARIANTS)) {
      const upstream = await lab.upstream(options);
      const server = await lab.server(upstream.root);
      upstreams.set(name, upstream);
      servers.set(name, server);
      const url = viaFile === true ? `file://${upstream.root}` : server.url;
      mirrors[name] = mirrorOf(upstream, url, more);
    }
    await site.configure(mirrors);
    const lines = await site.syncAll();
    deepEqual(
      lines.map(({ mirror, result }) => [mirror, result]),
      Object.keys(VARIANTS).map((name) => [name, "updated"]),
    );
    served = lab.cleanup.use(await site.serve());
  });
  after(async () => await lab.cleanup.run());

  for (const [name, { has, lacks }] of Object.entries(VARIANTS)) {
    test(name, async (t) => {
      const upstream = upstreams.get(name);
      ok(upstream !== undefined);
      const tree = await digestsBelow(join(site.data, "trees", name, "latest"));
      assertCopyOf(tree, await digestsBelow(upstream.root), "the upstream");
      const paths = [...tree.keys()];
      if (has !== undefined)
        ok(
          paths.some((path) => has.test(path)),
          `${has} in ${paths.join(" ")}`,
        );
      if (lacks !== undefined)
        deepEqual(
          paths.filter((path) => lacks.test(path)),
          [],
        );

      const trust = name === "unsigned" ? "Trusted: yes" : `Signed-By: ${lab.vendor.armoured}`;
      const source = aptSource(`${served.url}/${name}/latest`, "trixie", clientComponents(upstream), "x");
      await withEachApt(t, GENERATIONS, async ({ system }) => {
        const apt = await lab.apt({ system });
        await apt.source(source.replace("Signed-By: x", trust));
        const updated = await apt.update();
        if (name === "unsigned") equal(updated.code, 0);
        else clean(updated);
        clean(await apt.install("tool", "doc"));
        deepEqual(await apt.installed(), { base: "1:1.0+dfsg~rc1-1", doc: "2.0-1", tool: "2.0-1" });
      });
    });
  }

  test("nothing new costs one conditional request a suite, whatever the variant", async () => {
    for (const server of servers.values()) server.clear();
    const lines = await site.syncAll();
    deepEqual(
      lines.filter(({ result }) => result !== "unchanged").map(({ mirror }) => mirror),
      [],
    );
    for (const [name, server] of servers) {
      const asked = server.requests.map(({ path, status }) => `${status} ${path}`);
      if (VARIANTS[name]?.viaFile === true) deepEqual(asked, []);
      else if (upstreams.get(name)?.state.inRelease === true)
        deepEqual(asked, ["304 /dists/trixie/InRelease"]);
      else deepEqual(asked, ["304 /dists/trixie/Release"]);
    }
  });

  test("a mirror without trust says so in the listing", async () => {
    match((await site.ok("list")).stdout, /^unsigned .*trust: none/m);
    deepEqual((await site.mirror("unsigned")).snapshots[0]?.signedBy, []);
  });

  test("servers without validators, or that always answer in full, are compared by content", async () => {
    const server = servers.get("xz");
    ok(server !== undefined);
    server.validators = false;
    server.clear();
    assertSynced(await site.sync("xz"), "unchanged");
    deepEqual(
      server.requests.map(({ path, status }) => `${status} ${path}`),
      ["200 /dists/trixie/InRelease"],
    );
    server.validators = true;
  });

  test("several suites, components and architectures in one mirror; one that changes leaves the others", async (t) => {
    const upstream = await lab.upstream({
      suites: ["trixie", "trixie-updates"],
      components: ["main", "contrib"],
      architectures: ["amd64", "arm64", "i386"],
      packages: [
        ...PACKAGES,
        { name: "extra", version: "1", component: "contrib", suites: ["trixie"] },
        { name: "base", version: "1:1.5", suites: ["trixie-updates"] },
        { name: "other", version: "1", arch: "arm64" },
        { name: "foreign", version: "1", arch: "i386" },
      ],
    });
    const server = await lab.server(upstream.root);
    const own = await lab.site();
    await own.configure({ m: mirrorOf(upstream, server.url, { architectures: ["amd64", "arm64"] }) });
    assertSynced(await own.sync("m"), "updated");
    const debs = [...(await digestsBelow(join(own.data, "trees/m/latest/pool"))).keys()].map(
      (path) => path.split("/").at(-1) ?? "",
    );
    deepEqual(debs.toSorted(), [
      "base_1.0+dfsg~rc1-1_amd64.deb",
      "base_1.5_amd64.deb",
      "doc_2.0-1_all.deb",
      "extra_1_amd64.deb",
      "other_1_arm64.deb",
      "tool_2.0-1_amd64.deb",
    ]);
    const place = lab.cleanup.use(await own.serve());
    await own.configure({ m: mirrorOf(upstream, server.url) }, { url: place.url });
    await withEachApt(t, GENERATIONS, async ({ system }) => {
      const apt = await lab.apt({ system });
      await own.setUpClient(apt, "m", "latest");
      clean(await apt.update());
      clean(await apt.install("tool", "extra"));
      deepEqual(await apt.installed(), { base: "1:1.5", extra: "1", tool: "2.0-1" });
    });
  });

  test("a mirror of a mirror: served by one Sluice, fetched and proven by another", async () => {
    const upstream = upstreams.get("sha512");
    ok(upstream !== undefined);
    const own = await lab.site();
    await own.configure({
      m: mirrorOf(upstream, `${served.url}/sha512/latest`),
      f: mirrorOf(upstream, `file://${site.data}/trees/sha512/latest`),
    });
    await own.ok("sync");
    const first = await digestsBelow(join(site.data, "trees/sha512/latest"));
    deepEqual(await digestsBelow(join(own.data, "trees/m/latest")), first);
    deepEqual(await digestsBelow(join(own.data, "trees/f/latest")), first);
    assertSynced(await own.sync("m"), "unchanged");
    assertSynced(await own.sync("f"), "unchanged");
  });

  test("a keyring may be armoured, hold many keys, or several armours one after the other; one good signature is enough", async () => {
    const other = await lab.keys.create("Other <other@example.org>", { algorithm: "rsa3072" });
    const both = await lab.upstream({ signWith: [other, lab.vendor] });
    const server = await lab.server(both.root);
    const own = await lab.site();
    const stranger = await lab.keys.create("Stranger <stranger@example.org>");
    const rows = join(own.home, "rows.asc");
    const armours = [stranger.armoured, lab.vendor.armoured].map(
      async (path) => await readFile(path, "utf8"),
    );
    await writeFile(rows, (await Promise.all(armours)).join(""));
    await own.configure({
      armoured: mirrorOf(both, server.url, { keyring: lab.vendor.armoured }),
      many: mirrorOf(both, server.url, {
        keyring: await lab.keys.keyring([stranger, lab.vendor], "many.gpg"),
      }),
      rows: mirrorOf(both, server.url, { keyring: rows }),
      rsa: mirrorOf(both, server.url, { keyring: other.armoured }),
      pinned: mirrorOf(both, server.url, { "signed-by": lab.vendor.fingerprint }),
    });
    await own.ok("sync");
    for (const { name, snapshots } of await own.list())
      deepEqual(snapshots[0]?.signedBy, [(name === "rsa" ? other : lab.vendor).fingerprint], name);
  });
});
