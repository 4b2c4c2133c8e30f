import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, run } from "../../run.ts";
import { aptSource, clean } from "../../clients/apt.ts";
import { refused } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { AptOptions, AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS, withEachApt } from "./generations.ts";
import { assertSynced, clientComponents, digestsBelow, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

/** Without what would make apt speak of something else. */
const PLAIN: Partial<AptOptions> = { translations: [], longDescriptions: true, perArchRelease: false };

interface Mistake {
  readonly options: Partial<AptOptions>;
  /** What else the vendor does, in the repository's folder. */
  readonly alter?: (root: string) => Promise<void>;
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
  "a binary Release.gpg and no InRelease": {
    options: { ...PLAIN, inRelease: false },
    async alter(root) {
      const path = join(root, "dists/trixie/Release.gpg");
      await must("gpg", ["--batch", "--yes", "--dearmor", "--output", `${path}.new`, path]);
      await must("mv", [`${path}.new`, path]);
    },
    code: "signature_missing",
    says: /Release\.gpg is a binary signature, which apt does not read/,
    apt: /is in unsupported binary format/,
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

  for (const [name, { options, alter, code, says, apt: complaint }] of Object.entries(MISTAKES)) {
    test(`${name}: apt sees nothing of it, and Sluice says so`, async (t) => {
      const { upstream, url, site } = await mirrored(options);
      await alter?.(upstream.root);
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

  test("fields that stand twice, and values that begin on the next line: read as apt reads them", async (t) => {
    const { upstream, site } = await mirrored({
      packages: [{ name: "doc", version: "2", arch: "all" }],
      edit: {
        release: (text) =>
          text
            .replace(/^Codename: /m, "Codename: other\nCodename: ")
            .replace(/^SHA256:[^]*/m, (list) => `${list.replaceAll(/[0-9a-f]{64}/g, "0".repeat(64))}${list}`),
        packages: (text) =>
          text
            .replaceAll(/^Filename: /gm, "Filename: pool/other.deb\nFilename:\n ")
            .replaceAll(/^Size: /gm, "Size:\n "),
      },
    });
    assertSynced(await site.sync("m"), "updated");
    match((await site.ok("show", "m@latest")).stdout, /more than one field 'codename'/);
    await usable(t, site, upstream, "doc");
  });

  test("a header of the clear-signed message that nobody signed: apt leaves it out, gpgv and Sluice refuse it", async (t) => {
    const { upstream, url, site } = await mirrored({ ...PLAIN, releaseGpg: false });
    const path = join(upstream.root, "dists/trixie/InRelease");
    await writeFile(
      path,
      (await readFile(path, "utf8")).replace(/^Hash: .*\n/m, "$&Comment: made by hand\n"),
    );
    await withEachApt(t, GENERATIONS, async ({ system }) => {
      const apt = await lab.apt({ system });
      await apt.source(aptSource(url, "trixie", "main", lab.vendor.armoured));
      clean(await apt.update());
    });
    const ran = await run("gpgv", ["--keyring", lab.vendor.binary, path]);
    match(ran.stderr, /BAD signature/);
    const line = await site.sync("m");
    equal(line.error?.code, "signature_framing");
    match(line.error?.message ?? "", /line 3, is a header that is not allowed there, since nobody signs it/);
  });

  test("a publication that came out empty is held back, until it is confirmed", async () => {
    const packages = Array.from({ length: 20 }, (_, at) => ({ name: `tool${at}`, version: "1" }));
    const { upstream, site } = await mirrored({ packages });
    assertSynced(await site.sync("m"), "updated");
    await upstream.publish({ packages: [] });
    refused(await site.run("sync", "m"), "packages_gone");
    equal((await site.ids("m")).length, 1);
    assertSynced(await site.sync("m", "--allow-empty"), "updated");
    assertSynced(await site.sync("m"), "unchanged");
    await upstream.publish({ packages });
    assertSynced(await site.sync("m"), "updated");
    await upstream.publish({ packages: [] });
    await site.configure({ m: { ...mirrorOf(upstream, `file://${upstream.root}`), "allow-empty": true } });
    assertSynced(await site.sync("m"), "updated");
  });

  test("a source as tools for vendors' repositories write it, with the key in it", async (t) => {
    const upstream = await lab.upstream({ packages: [{ name: "doc", version: "2", arch: "all" }] });
    const { url } = await lab.server(upstream.root);
    const key = (await readFile(lab.vendor.armoured, "utf8")).trimEnd();
    const repository = [
      "X-Repolib-Name: A vendor",
      "Enabled: yes",
      "Types: deb",
      `URIs: ${url}`,
      "Suites: trixie",
      "Components: main",
      "Architectures: amd64",
      "By-Hash: force",
      "Signed-By:",
      ...key.split("\n").map((line) => ` ${line === "" ? "." : line}`),
      "",
    ].join("\n");
    const site = await lab.site();
    await site.configure({ m: { ecosystem: "apt", repository, retries: 0 } });
    assertSynced(await site.sync("m"), "updated");
    deepEqual((await site.mirror("m")).snapshots[0]?.signedBy, [lab.vendor.fingerprint]);
    await usable(t, site, upstream, "doc");
    const stranger = await lab.keys.create("Stranger <stranger@example.org>");
    const other = repository.replace(/Signed-By:[^]*/, `Signed-By: ${stranger.armoured}\n`);
    await site.configure({ m: { ecosystem: "apt", repository: other, retries: 0 } });
    equal((await site.sync("m")).error?.code, "signature_untrusted");
    const pinned = `deb [arch=amd64 signed-by=${lab.vendor.armoured},${stranger.fingerprint}] ${url} trixie main`;
    await site.configure({ m: { ecosystem: "apt", repository: pinned, retries: 0 } });
    equal((await site.sync("m")).error?.code, "keyring_empty");
    const named = pinned.replace(stranger.fingerprint, lab.vendor.fingerprint);
    await site.configure({ m: { ecosystem: "apt", repository: named, retries: 0 } });
    assertSynced(await site.sync("m"), "unchanged");
  });
});
