import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import { refused } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { assertSynced, digestsBelow, mirrorOf, openLab, skipApt } from "../apt/lab.ts";
import type { Lab } from "../apt/lab.ts";

suite("snapshots carried by a medium", { skip: skipApt }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let server: StaticServer;
  let outer: SluiceSite;

  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream();
    server = await lab.server(upstream.root);
    outer = await lab.site();
    await outer.configure({ m: mirrorOf(upstream, server.url) });
    assertSynced(await outer.sync("m"), "updated");
    await outer.ok("promote", "latest", "stable", "--yes");
  });
  after(async () => await lab.cleanup.run());

  async function medium(): Promise<string> {
    return join(await lab.cleanup.folder("medium"), "stick");
  }

  /** A site that was never online, and trusts the outer one; with the vendor's keys in its config, or none. */
  async function innerSite(
    keyring: readonly string[] = upstream.state.signWith.map((key) => key.binary),
  ): Promise<SluiceSite> {
    const inner = await lab.site();
    await inner.configure({}, keyring.length > 0 ? { imports: { m: { keyring } } } : {});
    const key = join(inner.home, "outer.asc");
    await writeFile(key, (await outer.ok("key", "export")).stdout);
    await inner.ok("key", "trust", key, "--yes");
    return inner;
  }

  async function installs(url: string, version: string): Promise<void> {
    await using apt = await lab.apt();
    await apt.source(aptSource(url, "trixie", "main", lab.vendor.armoured));
    clean(await apt.update());
    clean(await apt.install("tool"));
    equal((await apt.installed())["tool"], version);
  }

  test("come in whole: real apt installs from the medium itself, and from the inner site", async () => {
    const stick = await medium();
    await outer.ok("export", "--medium", stick, "--channel", "stable");
    await installs(`file://${stick}/trees/m/stable`, "2.0-1");
    const inner = await innerSite();
    await inner.ok("import", stick);
    deepEqual(await inner.ids("m"), await outer.ids("m"));
    deepEqual(
      await digestsBelow(join(inner.data, "trees/m/stable")),
      await digestsBelow(join(outer.data, "trees/m/stable")),
    );
    await installs(`file://${inner.data}/trees/m/stable`, "2.0-1");
    await inner.ok("verify");
    await inner.ok("audit");
    match((await inner.ok("import", stick)).stdout, /nothing new/);
    match((await outer.ok("export", "--medium", stick, "--channel", "stable")).stdout, /0 files/);
  });

  test("are refused from a stranger, and without a key of the vendor", async () => {
    const stick = await medium();
    await outer.ok("export", "--medium", stick);
    const stranger = await lab.site();
    await stranger.configure(
      {},
      { imports: { m: { keyring: upstream.state.signWith.map((key) => key.binary) } } },
    );
    refused(await stranger.run("import", stick), "sender_untrusted");
    const keyless = await innerSite([]);
    refused(await keyless.run("import", stick), "vendor_unknown");
    deepEqual(await keyless.list(), []);
    await keyless.ok("import", stick, "--yes");
    await keyless.ok("verify");
    const other = await lab.keys.create("Other <other@example.org>");
    const misled = await innerSite([other.binary]);
    refused(await misled.run("import", stick, "--yes"), "signature_untrusted");
    deepEqual(await misled.list(), []);
  });

  test("follow the sender's rotated key", async () => {
    const stick = await medium();
    const inner = await innerSite();
    await outer.ok("export", "--medium", stick);
    await inner.ok("import", stick);
    await outer.ok("key", "rotate");
    await upstream.publish({ packages: [{ name: "tool", version: "3.0-1" }] });
    assertSynced(await outer.sync("m"), "updated");
    await outer.ok("promote", "latest", "stable", "--yes");
    await outer.ok("export", "--medium", stick);
    await inner.ok("import", stick);
    await installs(`file://${inner.data}/trees/m/stable`, "3.0-1");
    await inner.ok("verify");
    await inner.ok("audit");
    await outer.ok("verify");
    await outer.ok("audit");
  });
});
