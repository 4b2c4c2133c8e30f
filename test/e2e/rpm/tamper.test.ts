import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonLines, refused } from "../../clients/sluice.ts";
import type { SluiceSite, SyncLine } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import { rpmPath } from "../../upstreams/rpm.ts";
import type { RpmRepository, RpmState } from "../../upstreams/rpm.ts";
import { TAMPER } from "../../upstreams/tamper.ts";
import type { Tampering } from "../../upstreams/tamper.ts";
import { assertSynced, digestsBelow } from "../apt/lab.ts";
import { mirrorOf, openLab, skipRpm } from "./lab.ts";
import type { RpmLab } from "./lab.ts";

const DAY = 24 * 3600_000;
type Kind = "package" | "primary" | "repomd.xml" | "repomd.xml.asc";

suite("what is altered, forged, replayed or broken on its way", { skip: skipRpm }, () => {
  let lab: RpmLab;
  let good: RpmRepository;
  let server: StaticServer;
  let site: SluiceSite;
  let states = 0;
  const latest = () => ({ name: "tool", version: `3.${states}` });
  before(async () => {
    lab = await openLab();
    good = await lab.upstream();
    server = await lab.server(good.root);
    site = await lab.site(true);
    await site.configure({ m: mirrorOf(good, server.url) });
    assertSynced(await site.sync("m"), "updated");
  });
  after(async () => await lab.cleanup.run());

  /** The next state of the upstream, with whatever is wrong with it; no two have a package in common. */
  async function next(change: Partial<RpmState> = {}): Promise<RpmRepository> {
    states++;
    const bad = await lab.fork(good);
    await bad.publish({ packages: [latest()], ...change });
    return bad;
  }

  async function visible(): Promise<Map<string, string>> {
    return new Map([
      ...(await digestsBelow(join(site.data, "refs"))),
      ...(await digestsBelow(join(site.data, "trees"))),
    ]);
  }

  /** Syncs from a folder, and holds that it is refused with this code and leaves no trace; the sentence that was said. */
  async function refuses(root: string, code: string, more: Record<string, unknown> = {}): Promise<string> {
    const had = await visible();
    await site.configure({ m: mirrorOf(good, server.url, more) });
    server.root = root;
    const ran = await site.run("sync", "m", "--json");
    server.onRequest = undefined;
    refused(ran, code);
    const line = jsonLines<SyncLine>(ran.stdout).at(-1);
    equal(line?.error?.code, code, line?.error?.message);
    match(line?.error?.message ?? "", /^[^\n]{20,600}\.$/, "one sentence");
    deepEqual(await visible(), had, "neither records nor trees have changed");
    return line?.error?.message ?? "";
  }

  const TAMPERED: Record<Kind, Record<Tampering, string>> = {
    package: { flip: "digest_mismatch", append: "too_large", truncate: "digest_mismatch" },
    primary: { flip: "digest_mismatch", append: "too_large", truncate: "digest_mismatch" },
    "repomd.xml": { flip: "signature_bad", append: "signature_bad", truncate: "signature_bad" },
    "repomd.xml.asc": { flip: "signature_bad", append: "signature_framing", truncate: "signature_framing" },
  };
  for (const file of ["package", "primary", "repomd.xml", "repomd.xml.asc"] as const) {
    for (const how of ["flip", "append", "truncate"] as const) {
      test(`${how} of ${file}`, async () => {
        const bad = await next();
        const names = await readdir(join(bad.root, "repodata"));
        const primary = `repodata/${names.find((name) => name.includes("primary")) ?? ""}`;
        const name =
          file === "package" ? rpmPath(latest()) : file === "primary" ? primary : `repodata/${file}`;
        await TAMPER[how](join(bad.root, name));
        const message = await refuses(bad.root, TAMPERED[file][how]);
        ok(message.includes(name.replace(/\.asc$/, "")), message);
      });
    }
  }

  test("a package that nobody signed, that a stranger signed, under sound and signed metadata", async () => {
    const unsigned = await next({ packages: [{ ...latest(), version: "4.1", signWith: null }] });
    match(await refuses(unsigned.root, "signature_missing"), /tool-4\.1-1\.noarch\.rpm/);
    const stranger = await lab.keys.create("Stranger <stranger@example.org>", { algorithm: "rsa3072" });
    const theirs = await next({ packages: [{ ...latest(), version: "4.2", signWith: stranger }] });
    await refuses(theirs.root, "signature_untrusted");
  });

  test("metadata that another key signed, or nobody, unless packages are all that is asked for", async () => {
    const other = await lab.keys.create("Other <other@example.org>", { algorithm: "rsa3072" });
    await refuses((await next({ signWith: other })).root, "signature_untrusted");
    const bare = await next({ signMetadata: false });
    match(await refuses(bare.root, "signature_missing"), /repomd\.xml\.asc/);

    const fresh = await lab.site(true);
    server.root = bare.root;
    await fresh.configure({ m: mirrorOf(good, server.url, { trust: "packages" }) });
    assertSynced(await fresh.sync("m"), "updated");
    match((await fresh.ok("list")).stdout, /trust: packages/);
    await fresh.ok("verify");
    const unsigned = await next({
      signMetadata: false,
      packages: [{ ...latest(), version: "5.1", signWith: null }],
    });
    server.root = unsigned.root;
    equal((await fresh.sync("m")).error?.code, "signature_missing");
  });

  test("packages are taken unproven by option only, and every listing says so", async () => {
    const unsigned = await next({ packages: [{ ...latest(), version: "6.1", signWith: null }] });
    const fresh = await lab.site(true);
    server.root = unsigned.root;
    await fresh.configure({ m: mirrorOf(good, server.url, { gpgcheck: false }) });
    assertSynced(await fresh.sync("m"), "updated");
    match((await fresh.ok("list")).stdout, /gpgcheck: false/);
    await fresh.ok("verify");
  });

  test("metadata that is older, by date or by revision, or from the future", async () => {
    const older = await lab.fork(good);
    await older.publish({ date: good.state.date - DAY });
    await refuses(older.root, "root_older");
    const renumbered = await next({ edit: (text) => text.replace(/<revision>\d+/, "<revision>7") });
    match(await refuses(renumbered.root, "root_older"), /number 7/);
    await refuses((await next({ date: Date.now() + DAY })).root, "root_future");
  });

  test("a captive portal, a gate, a fault, a missing package and nobody there", async () => {
    const bad = await next();
    const page = "<html><body>Please log in</body></html>\n";
    server.onRequest = () => ({ status: 200, headers: { "content-type": "text/html" }, body: page });
    await refuses(bad.root, "signature_framing");
    server.onRequest = () => ({ status: 403 });
    await refuses(bad.root, "upstream_refused");
    server.onRequest = () => ({ status: 404 });
    await refuses(bad.root, "root_missing");
    server.onRequest = ({ path }) => (path.includes("tool-3") ? { status: 404 } : undefined);
    match(await refuses(bad.root, "file_missing"), /tool-3\.\d+-1\.noarch\.rpm/);
    await refuses(bad.root, "upstream_unreachable", { upstream: "http://127.0.0.1:1" });
  });

  test("a package that was swapped in the store is found by verify, and nothing sticks of all that was refused", async () => {
    await site.configure({ m: mirrorOf(good, server.url) });
    server.root = (await next()).root;
    assertSynced(await site.sync("m"), "updated");
    equal((await site.ids("m")).length, 2);
    await site.ok("verify");
    const [id = ""] = await site.ids("m");
    const tree = await digestsBelow(join(site.data, "trees/m", id));
    const digest = tree.get("Packages/t/tool-2.0~rc1-1.noarch.rpm") ?? "";
    const blob = join(site.data, "blobs/sha256", digest.slice(0, 2), digest.slice(2));
    await writeFile(blob, "something else");
    const ran = await site.run("verify");
    equal(ran.code, 1);
    match(`${ran.stdout}${ran.stderr}`, /has changed in the store/);
  });
});
