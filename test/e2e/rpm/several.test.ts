import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "../../clients/rpm-root.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import { assertSynced } from "../apt/lab.ts";
import { CLIENTS } from "./clients.ts";
import { mirrorOf, openLab, PACKAGES, skipRpm } from "./lab.ts";
import type { RpmLab } from "./lab.ts";

suite("several repositories in one mirror, by variables, under several keys", { skip: skipRpm }, () => {
  let lab: RpmLab;
  let site: SluiceSite;
  let served: Served;
  before(async () => {
    lab = await openLab();
    // The key that signs stands behind another, which signs the packages of the other repository.
    const second = await lab.keys.create("Second <second@example.org>", { algorithm: "rsa3072" });
    const base = await lab.upstream({ packages: PACKAGES.slice(0, 1) });
    const tools = await lab.upstream({ packages: PACKAGES.slice(1), signWith: second });
    const root = await lab.cleanup.folder("several");
    await cp(base.root, join(root, "os/x86_64"), { recursive: true });
    await cp(tools.root, join(root, "tools"), { recursive: true });
    site = await lab.site(true);
    await site.configure({
      m: mirrorOf(base, (await lab.server(root)).url, {
        keyring: [lab.vendor.binary, second.binary],
        repositories: ["os/$basearch", "tools"],
        basearch: ["x86_64"],
      }),
    });
    assertSynced(await site.sync("m"), "updated");
    served = lab.cleanup.use(await site.serve());
  });
  after(async () => await lab.cleanup.run());

  for (const { name, skip, open } of CLIENTS) {
    test(
      `${name} installs from both, also where the mirror is down and a fallback is not`,
      { skip },
      async () => {
        const client = lab.cleanup.use(await open());
        const script = async (...more: string[]): Promise<string> =>
          (await site.ok("client", "m", "--format", "script", ...more)).stdout;
        clean(await client.setUp(await script("--url", served.url)));
        const path = name === "dnf" ? "etc/yum.repos.d" : "etc/zypp/repos.d";
        const file = await readFile(join(client.root, path, "sluice-m.repo"), "utf8");
        deepEqual(file.match(/^\[.*\]$/gm), ["[sluice-m-os]", "[sluice-m-tools]"]);
        match(file, /^baseurl=http:\/\/127\.0\.0\.1:\d+\/m\/latest\/os\/\$basearch\/$/m);
        clean(await client.install("tool"));
        deepEqual(await client.installed(), ["base-1:1.0^git1-1", "tool-0:2.0~rc1-1"]);

        const other = lab.cleanup.use(await open());
        const down = await script("--url", "http://127.0.0.1:9", "--fallback", `${served.url}/m/latest`);
        equal((await other.setUp(down)).code, 0);
        equal((await other.install("tool")).code, 0);
        deepEqual(await other.installed(), ["base-1:1.0^git1-1", "tool-0:2.0~rc1-1"]);
      },
    );
  }
});
