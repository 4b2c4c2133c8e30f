import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import { refused } from "../../clients/sluice.ts";
import { filesBelow } from "../../upstreams/apt.ts";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("an upstream that does not have all that it lists", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  test("is refused; with allow-missing, apt gets all that is there, and the rest once upstream has it again", async () => {
    const upstream = await lab.upstream();
    const server = await lab.server(upstream.root);
    const site = await lab.site();
    const gone = (await filesBelow(upstream.root)).find((path) => /\/doc_.*\.deb$/.test(path)) ?? "";
    ok(gone.startsWith("pool/"));
    const elsewhere = join(upstream.root, "../doc.deb");
    await rename(join(upstream.root, gone), elsewhere);

    await site.configure({ m: mirrorOf(upstream, server.url) });
    refused(await site.run("sync", "m"), "file_missing");
    deepEqual(await site.ids("m"), []);

    await site.configure({ m: mirrorOf(upstream, server.url, { "allow-missing": true }) });
    const told = await site.ok("sync", "m");
    match(told.stderr, /warning: m: 1 package is listed, but at no upstream.*: doc 2\.0-1 \(all\)\./);
    match(told.stdout, /m: new snapshot .*, without 1 package$/m);
    const [first] = (await site.mirror("m")).snapshots;
    deepEqual([first?.packages, first?.holes], [2, 1]);
    match((await site.ok("list")).stdout, / 2 \(1 missing\) /);
    const [shown] = await site.json<{ holes: unknown }>("show", "m");
    deepEqual(shown?.holes, [{ path: gone, name: "doc", version: "2.0-1", arch: "all" }]);
    match((await site.ok("show", "m")).stdout, /doc_2\.0-1_all\.deb {2}doc 2\.0-1 all$/m);
    match((await site.ok("verify", "m")).stdout, /sound, .*, without 1 package \(allow-missing\)/);

    const apt = await lab.apt();
    const url = `file://${site.data}/trees/m/latest`;
    await apt.source(aptSource(url, "trixie", "main", lab.vendor.armoured));
    clean(await apt.update());
    clean(await apt.install("tool"));
    equal((await apt.install("doc")).code, 100);
    const pinned = await lab.apt();
    const served = await site.serve();
    try {
      await site.setUpClient(pinned, "m", "latest", "--url", served.url);
      equal(await pinned.candidate("doc"), "(none)", "the set-up pins what is not there");
    } finally {
      await served[Symbol.asyncDispose]();
    }

    server.clear();
    const again = await site.sync("m");
    assertSynced(again, "unchanged");
    deepEqual([again.holes, again.fetchedBytes < 100_000], [1, true]);
    equal(
      server.requests.filter(({ path }) => path.endsWith(".deb")).length,
      1,
      "the hole alone is asked for",
    );

    await rename(elsewhere, join(upstream.root, gone));
    const filled = await site.sync("m");
    assertSynced(filled, "updated");
    equal(filled.holes, undefined);
    match((await site.ok("verify", "m@latest")).stdout, /sound, (?!.*without)/);
    clean(await apt.update());
    clean(await apt.install("doc"));
    deepEqual(await apt.installed(), { base: "1:1.0+dfsg~rc1-1", tool: "2.0-1", doc: "2.0-1" });
  });
});
