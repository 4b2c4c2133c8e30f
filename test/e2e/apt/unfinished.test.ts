import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { must } from "../../run.ts";
import { removeFolder } from "../../temp.ts";
import { mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("a move that was killed between its record and its links", { skip: skipApt }, () => {
  let lab: Lab;
  let site: SluiceSite;
  let first: string;
  let second: string;

  before(async () => {
    lab = await openLab();
    const upstream = await lab.upstream();
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    await site.ok("sync");
    await site.ok("promote", "latest", "stable", "--yes");
    await upstream.publish({ packages: [{ name: "base", version: "1:2" }] });
    await site.ok("sync");
    [first = "", second = ""] = await site.ids("m");
  });
  after(async () => await lab.cleanup.run());

  /** Runs a command, and then puts trees/ back as it was before: so a kill leaves them. */
  async function halfWay(...args: readonly string[]): Promise<void> {
    const trees = join(site.data, "trees");
    await must("cp", ["-a", trees, `${trees}.before`]);
    await site.ok(...args);
    await removeFolder(trees);
    await must("mv", [`${trees}.before`, trees]);
  }

  async function linked(): Promise<string> {
    const folder = join(site.data, "trees/.channels");
    return (await readlink(join(folder, await readlink(join(folder, "stable")), "m"))).replace(/.*\//, "");
  }

  test("is finished by the same promote, which has nothing else to do", async () => {
    await halfWay("promote", "latest", "stable", "--yes");
    equal(await linked(), first);
    match((await site.ok("promote", "latest", "stable", "--yes")).stdout, /nothing to change/);
    deepEqual([await linked(), (await site.mirror("m")).channels["stable"]], [second, second]);
  });

  test("is finished by the same rollback, though there is no state before it", async () => {
    await halfWay("rollback", "stable", "--yes");
    equal(await linked(), second);
    refused(await site.run("rollback", "stable", "--yes"), "nothing_to_do");
    deepEqual([await linked(), (await site.mirror("m")).channels["stable"]], [first, first]);
  });
});
