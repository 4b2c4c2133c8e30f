import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { AptOptions, AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS, withEachApt } from "./generations.ts";
import { assertSynced, clientComponents, digestsBelow, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

/** Without what would make apt speak of something else. */
const PLAIN: Partial<AptOptions> = { translations: [], longDescriptions: true, perArchRelease: false };

interface Mistake {
  readonly options: Partial<AptOptions>;
  readonly code: string;
  readonly says: RegExp;
  /** What apt says of the upstream itself, at `update`; nothing, where it then does not find the package. */
  readonly apt?: RegExp;
}

function edited(release: (text: string) => string, more: Partial<AptOptions> = {}): Partial<AptOptions> {
  return { ...PLAIN, ...more, edit: { release } };
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "no list of digests": {
    options: edited((text) => text.replace(/^MD5Sum:[^]*/m, "")),
    code: "weak_digest",
    says: /lists no files with their digests/,
    apt: /^E: .* provides only weak security information/m,
  },
  "indices under another path than the component's": {
    options: edited((text) => text.replaceAll(" main/", " other/")),
    code: "not_offered",
    says: /lists no 'main\/binary-amd64\/Packages', by that very name/,
  },
  "indices under ./": {
    options: edited((text) => text.replaceAll(" main/", " ./main/"), { byHash: false }),
    code: "not_offered",
    says: /lists no 'main\/binary-amd64\/Packages', by that very name/,
  },
  "Packages.gz without Packages": {
    options: edited((text) => text.replace(/^ .*\/Packages\n/gm, ""), { compressions: ["gz"] }),
    code: "metadata_invalid",
    says: /lists 'main\/binary-amd64\/Packages\.gz' but not 'main\/binary-amd64\/Packages' itself/,
  },
};

suite("vendors' mistakes, judged by the real apt", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  async function mirrored(
    options: Partial<AptOptions>,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<{ upstream: AptRepository; url: string; site: SluiceSite }> {
    const upstream = await lab.upstream(options);
    const { url } = await lab.server(upstream.root);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, url, more) });
    return { upstream, url, site };
  }

  for (const [name, { options, code, says, apt: complaint }] of Object.entries(MISTAKES)) {
    test(`${name}: apt sees nothing of it, and Sluice says so`, async (t) => {
      const { upstream, url, site } = await mirrored(options);
      await withEachApt(t, GENERATIONS, async ({ system }) => {
        const apt = await lab.apt({ system });
        await apt.source(aptSource(url, "trixie", clientComponents(upstream), lab.vendor.armoured));
        const updated = await apt.update();
        if (complaint === undefined) {
          clean(updated);
          equal(await apt.candidate("tool"), "(none)");
        } else match(updated.complaints.join("\n"), complaint);
      });
      const line = await site.sync("m");
      deepEqual([line.code, line.error?.code], [1, code], line.error?.message);
      match(line.error?.message ?? "", says);
      deepEqual(await site.mirror("m").then(({ snapshots, channels }) => [snapshots, channels]), [[], {}]);
    });
  }

  /** By the client set-up, with each apt, without a word. */
  async function usable(
    t: TestContext,
    site: SluiceSite,
    upstream: AptRepository,
    name: string,
  ): Promise<void> {
    await site.ok("verify", "m");
    const { url } = lab.cleanup.use(await site.serve());
    await site.configure({ m: mirrorOf(upstream, url) }, { url });
    await withEachApt(t, GENERATIONS, async ({ system }) => {
      const apt = await lab.apt({ system });
      await site.setUpClient(apt, "m", "latest");
      clean(await apt.update());
      clean(await apt.install(name));
    });
  }

  test("packages for all architectures alone, mirrored for the one that a host has", async (t) => {
    const { upstream, site } = await mirrored(
      {
        architectures: [],
        binaryAll: true,
        packages: [{ name: "doc", version: "2", arch: "all" }],
        edit: { release: (text) => text.replace(/^No-Support-.*\n/m, "") },
      },
      { architectures: ["amd64"] },
    );
    assertSynced(await site.sync("m"), "updated");
    const tree = await digestsBelow(join(site.data, "trees/m/latest/pool"));
    deepEqual([...tree.keys()], ["main/d/doc/doc_2_all.deb"]);
    await usable(t, site, upstream, "doc");
  });
});
