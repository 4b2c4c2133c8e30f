import { after, before, suite, test } from "node:test";
import { deepEqual, match } from "node:assert/strict";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("snapshots carried by a medium", { skip: skipApt }, () => {
  let sites: TwoSites;
  before(async () => (sites = await openTwoSites()));
  after(async () => await sites.lab.cleanup.run());

  test("come in whole: real apt installs from the medium itself, and from the inner site", async () => {
    const { outer } = sites;
    const stick = await sites.folder("medium");
    await outer.ok("export", "--medium", stick, "--channel", "stable");
    await sites.installs(`file://${stick}/trees/m/stable`, "2.0-1");
    const inner = await sites.inner();
    await inner.ok("import", stick);
    deepEqual(await inner.ids("m"), await outer.ids("m"));
    deepEqual(
      await digestsBelow(join(inner.data, "trees/m/stable")),
      await digestsBelow(join(outer.data, "trees/m/stable")),
    );
    await sites.installs(`file://${inner.data}/trees/m/stable`, "2.0-1");
    await inner.ok("verify");
    await inner.ok("audit");
    match((await inner.ok("import", stick)).stdout, /nothing new/);
    match((await outer.ok("export", "--medium", stick, "--channel", "stable")).stdout, /0 files/);
  });

  test("are refused from a stranger, and without a key of the vendor", async () => {
    const { outer } = sites;
    const stick = await sites.folder("medium");
    await outer.ok("export", "--medium", stick);
    const stranger = await sites.lab.site();
    await stranger.configure(
      {},
      { imports: { m: { keyring: sites.upstream.state.signWith.map((key) => key.binary) } } },
    );
    refused(await stranger.run("import", stick), "sender_untrusted");
    const keyless = await sites.inner([]);
    refused(await keyless.run("import", stick), "vendor_unknown");
    deepEqual(await keyless.list(), []);
    await keyless.ok("import", stick, "--yes");
    await keyless.ok("verify");
    const other = await sites.lab.keys.create("Other <other@example.org>");
    const misled = await sites.inner([other.binary]);
    refused(await misled.run("import", stick, "--yes"), "signature_untrusted");
    deepEqual(await misled.list(), []);
  });

  test("follow the sender's rotated key", async () => {
    const { outer } = sites;
    const stick = await sites.folder("medium");
    const inner = await sites.inner();
    await outer.ok("export", "--medium", stick);
    await inner.ok("import", stick);
    await outer.ok("key", "rotate");
    await sites.goOn("3.0-1");
    await outer.ok("export", "--medium", stick);
    await inner.ok("import", stick);
    await sites.installs(`file://${inner.data}/trees/m/stable`, "3.0-1");
    await inner.ok("verify");
    await inner.ok("audit");
    await outer.ok("verify");
    await outer.ok("audit");
  });
});
