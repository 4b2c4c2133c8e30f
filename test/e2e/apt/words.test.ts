import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import type { SluiceSite } from "../../clients/sluice.ts";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("what the command line says", { skip: skipApt }, () => {
  let lab: Lab;
  let site: SluiceSite;
  before(async () => {
    lab = await openLab();
    const upstream = await lab.upstream({ packages: [{ name: "tool", version: "1" }] });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({ debian: mirrorOf(upstream, server.url), other: mirrorOf(upstream, server.url) });
  });
  after(async () => await lab.cleanup.run());

  test("a plan of several mirrors says whether all of them fit together", async () => {
    const { stdout } = await site.ok("sync", "--plan");
    match(stdout, /^all 2 mirrors: would fetch 2 files, .* free: fits$/m);
    const lines = await site.json<{ event?: string; mirrors?: number; plan?: { fetchFiles: number } }>(
      "sync",
      "--plan",
    );
    deepEqual(
      lines.slice(-3).map(({ event, mirrors, plan }) => [event, mirrors, plan?.fetchFiles]),
      [
        ["total", 2, 2],
        [undefined, undefined, 1],
        [undefined, undefined, 1],
      ],
    );
    equal(/all \d/.test((await site.ok("sync", "debian", "--plan")).stdout), false);
  });
});
