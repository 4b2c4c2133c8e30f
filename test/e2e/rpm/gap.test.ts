import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "../../clients/rpm-root.ts";
import { refused } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { RpmRepository } from "../../upstreams/rpm.ts";
import { assertSynced, digestsBelow } from "../apt/lab.ts";
import { CLIENTS } from "./clients.ts";
import { mirrorOf, openLab, PACKAGES, skipRpm } from "./lab.ts";
import type { RpmLab } from "./lab.ts";

suite("rpm mirrors across a gap", { skip: skipRpm }, () => {
  let lab: RpmLab;
  let upstream: RpmRepository;
  let outer: SluiceSite;
  let bundle: string;
  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream();
    const bare = await lab.upstream({
      packages: [...PACKAGES, { name: "odd", version: "1", signWith: null }],
      signMetadata: false,
    });
    outer = await lab.site(true);
    await outer.configure({
      m: mirrorOf(upstream, (await lab.server(upstream.root)).url),
      bare: { ...mirrorOf(bare, (await lab.server(bare.root)).url), keyring: undefined, trust: "none" },
    });
    for (const name of ["m", "bare"]) assertSynced(await outer.sync(name), "updated");
    await outer.ok("promote", "latest", "stable", "--yes");
    bundle = join(await lab.cleanup.folder("bundle"), "b");
    await outer.ok("export", "--to", bundle, "--channel", "stable");
  });
  after(async () => await lab.cleanup.run());

  async function inner(imports: Record<string, object>): Promise<SluiceSite> {
    const site = await lab.site(true);
    await site.configure({}, { imports });
    const key = join(site.home, "sender.asc");
    await writeFile(key, (await outer.ok("key", "export")).stdout);
    await site.ok("key", "trust", key, "--yes");
    return site;
  }

  test(
    "a bundle brings them in whole, and dnf installs from the inner site's server",
    { skip: CLIENTS[0]?.skip ?? false },
    async () => {
      const site = await inner({ m: { keyring: lab.vendor.binary }, bare: { trust: "none" } });
      await site.ok("import", bundle);
      deepEqual(await digestsBelow(join(site.data, "trees/m/stable")), await digestsBelow(upstream.root));
      await site.ok("verify");
      const served = lab.cleanup.use(await site.serve());
      for (const { open } of CLIENTS.filter(({ name }) => name === "dnf")) {
        const client = lab.cleanup.use(await open());
        const script = await fetch(`${served.url}/_/setup/m/stable`);
        clean(await client.setUp(await script.text()));
        clean(await client.install("tool"));
        deepEqual(await client.installed(), ["base-1:1.0^git1-1", "tool-0:2.0~rc1-1"]);
      }
    },
  );

  test("the inner site proves by its own keys: packages that nobody signed, or a stranger's, do not come in", async () => {
    const stranger = await lab.keys.create("Stranger <stranger@example.org>");
    const unknown = await inner({ m: { keyring: stranger.binary }, bare: { trust: "none" } });
    refused(await unknown.run("import", bundle), "signature_untrusted");
    const strict = await inner({
      m: { keyring: lab.vendor.binary },
      bare: { keyring: lab.vendor.binary, trust: "packages" },
    });
    const ran = await strict.run("import", bundle);
    refused(ran, "signature_missing");
    match(ran.stderr, /odd-1-1\.noarch\.rpm/);
    equal(
      (await strict.list()).some(({ name }) => name === "bare"),
      false,
    );
  });
});
