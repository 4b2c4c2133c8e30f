import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { aptSource, clean } from "../../clients/apt.ts";
import { refused } from "../../clients/sluice.ts";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const fields = (names: Record<string, string>) => () => ({ Origin: "Debian", Label: "Debian", ...names });

suite("an upstream that changes the names of a suite", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  const CASES = [
    {
      what: "a release becomes oldstable under its codename",
      suite: "trixie",
      before: { Suite: "stable", Codename: "trixie", Version: "13.4" },
      point: { Suite: "stable", Codename: "trixie", Version: "13.5" },
      after: { Suite: "oldstable", Codename: "trixie", Version: "13.6" },
      words: /now calls itself 'oldstable', 'trixie', but 'stable', 'trixie' in the last snapshot/,
      // Let through since apt 2.1.10.
      clients: 0,
    },
    {
      what: "another release becomes stable",
      suite: "stable",
      before: { Suite: "stable", Codename: "trixie", Version: "13.4" },
      point: { Suite: "stable", Codename: "trixie", Version: "13.5" },
      after: { Suite: "stable", Codename: "forky", Version: "14.0" },
      words: /now calls itself 'stable', 'forky', but 'stable', 'trixie' in the last snapshot/,
      clients: 100,
    },
  ] as const;
  for (const { what, suite, before, point, after, words, clients } of CASES) {
    test(`${what}: held back until confirmed once, and then as apt has it`, async () => {
      const upstream = await lab.upstream({ suites: [suite], fields: fields(before) });
      const server = await lab.server(upstream.root);
      const site = await lab.site();
      await site.configure({ m: mirrorOf(upstream, server.url) });
      assertSynced(await site.sync("m"), "updated");
      const apt = await lab.apt();
      const url = `file://${site.data}/trees/m/latest`;
      await apt.source(aptSource(url, suite, "main", lab.vendor.armoured));
      clean(await apt.update());

      await upstream.publish({ fields: fields(point) });
      assertSynced(await site.sync("m"), "updated");
      clean(await apt.update());

      await upstream.publish({ fields: fields(after) });
      const held = await site.run("sync", "m");
      refused(held, "root_renamed");
      match(held.stderr, words);
      match(held.stderr, /--allow-rename\. Snapshot \S+ stays as it is/);
      match(held.stderr, /hint: .*--allow-releaseinfo-change/);
      const ids = await site.ids("m");
      equal(ids.length, 2);
      clean(await apt.update());

      assertSynced(await site.sync("m", "--allow-rename"), "updated");
      equal((await site.ids("m")).length, 3);
      const asked = await apt.update();
      equal(asked.code, clients, asked.stderr);
      if (clients !== 0) match(asked.stderr, /E: Repository .* changed its 'Codename' value/);
      clean(await apt.update("--allow-releaseinfo-change"));
      clean(await apt.install("tool"));

      await upstream.publish({ packages: [{ name: "tool", version: "3.0-1" }] });
      assertSynced(await site.sync("m"), "updated");
      deepEqual((await site.ids("m")).slice(0, 2), ids);
    });
  }
});
