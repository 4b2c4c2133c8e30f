import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { RpmRepository } from "../../upstreams/rpm.ts";
import { assertSynced } from "../apt/lab.ts";
import { EXTRAS } from "./kinds.ts";
import { mirrorOf, openLab, PACKAGES, skipRpm } from "./lab.ts";
import type { RpmLab } from "./lab.ts";

interface Shown {
  readonly advisories: readonly object[];
  readonly fault?: string;
}

suite("what the vendor says of new packages", { skip: skipRpm }, () => {
  const tool = { name: "tool", version: "2.0~rc1-1", arch: "noarch" };
  const advisory = {
    kind: "security",
    id: "VENDOR-2026:0001",
    title: "tool <security> update",
    severity: "Important",
    cves: ["CVE-2026-0001"],
    packages: [tool],
  };
  let lab: RpmLab;
  let upstream: RpmRepository;
  let site: SluiceSite;
  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream({ packages: PACKAGES.slice(0, 1) });
    site = await lab.site(true);
    await site.configure({ m: mirrorOf(upstream, (await lab.server(upstream.root)).url) });
    assertSynced(await site.sync("m"), "updated");
    await upstream.publish({ packages: PACKAGES, extras: EXTRAS });
    assertSynced(await site.sync("m"), "updated");
  });
  after(async () => await lab.cleanup.run());

  test("is shown by diff, of the packages that it brings alone", async () => {
    const [old, now] = await site.ids("m");
    const [shown] = await site.json<Shown>("diff", `m@${old}`, `m@${now}`);
    deepEqual(shown?.advisories, [advisory]);
    const { stdout } = await site.ok("diff", `m@${old}`, `m@${now}`);
    match(
      stdout,
      /^! VENDOR-2026:0001 \(security, Important\) tool <security> update: tool \[CVE-2026-0001\]$/m,
    );
    deepEqual((await site.json<Shown>("diff", `m@${now}`, `m@${old}`))[0]?.advisories, []);
  });

  test("is carried in a bundle's report", async () => {
    const bundle = join(await lab.cleanup.folder("bundle"), "b");
    await site.ok("export", "--to", bundle, "--channel", "latest");
    const report = JSON.parse(await readFile(join(bundle, "report.json"), "utf8")) as { mirrors: Shown[] };
    deepEqual(report.mirrors[0]?.advisories, [advisory]);
    const page = await readFile(join(bundle, "report.html"), "utf8");
    match(page, /VENDOR-2026:0001.*security.*Important.*tool &#60;security&#62; update.*CVE-2026-0001/);
  });

  test("keeps nobody from the rest of a diff where it is broken", async () => {
    const broken = { type: "updateinfo", name: "updateinfo.xml", content: "<updates><update>" };
    await upstream.publish({ packages: [...PACKAGES, { name: "more", version: "1" }], extras: [broken] });
    assertSynced(await site.sync("m"), "updated");
    const [, old, now] = await site.ids("m");
    const ran = await site.ok("diff", `m@${old}`, `m@${now}`);
    match(ran.stdout, /^\+ more 1-1 \[noarch\]$/m);
    match(`${ran.stdout}${ran.stderr}`, /may be more advisories: .*updateinfo.* not well-formed/);
    equal((await site.json<Shown>("diff", `m@${old}`, `m@${now}`))[0]?.advisories.length, 0);
  });
});
