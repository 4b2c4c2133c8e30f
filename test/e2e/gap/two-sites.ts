import { equal } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import { sluiceSite, type SluiceSite } from "../../clients/sluice.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { assertSynced, mirrorOf, openLab, PACKAGES } from "../apt/lab.ts";
import type { Lab } from "../apt/lab.ts";

/** A site with one mirror in `stable`, and sites that were never online. */
export interface TwoSites {
  readonly lab: Lab;
  readonly upstream: AptRepository;
  readonly outer: SluiceSite;
  /** Where its upstream is served. */
  readonly url: string;
  /** An empty folder, gone at the end. */
  folder(name: string): Promise<string>;
  /** A site that trusts the outer one; with the vendor's keys in its config, or with these. */
  inner(keyring?: readonly string[], from?: SluiceSite): Promise<SluiceSite>;
  /** The upstream has a new version of `tool`, and the outer site too, in `stable`. */
  goOn(version: string): Promise<void>;
  /** Real apt installs `tool` in this version from the url, without a warning. */
  installs(url: string, version: string): Promise<void>;
}

/** `inline`: the sites make their runs in this process, which is several times faster. */
export async function openTwoSites({ inline = false } = {}): Promise<TwoSites> {
  const lab = await openLab();
  // Large enough for several parts, and for files that are cut.
  const packages = PACKAGES.map((spec, at) => ({ ...spec, sizeBytes: 40_000 * (at + 1) }));
  const upstream = await lab.upstream({ packages });
  const server = await lab.server(upstream.root);
  const site = async (): Promise<SluiceSite> => lab.cleanup.use(await sluiceSite("site", undefined, inline));
  const outer = await site();
  await outer.configure({ m: mirrorOf(upstream, server.url) });

  async function stable(): Promise<void> {
    assertSynced(await outer.sync("m"), "updated");
    await outer.ok("promote", "latest", "stable", "--yes");
  }
  await stable();

  return {
    lab,
    upstream,
    outer,
    url: server.url,
    folder: async (name) => join(await lab.cleanup.folder(name), name),
    async inner(keyring = upstream.state.signWith.map((key) => key.binary), from = outer) {
      const inner = await site();
      await inner.configure({}, keyring.length > 0 ? { imports: { m: { keyring } } } : {});
      const key = join(inner.home, "sender.asc");
      await writeFile(key, (await from.ok("key", "export")).stdout);
      await inner.ok("key", "trust", key, "--yes");
      return inner;
    },
    async goOn(version) {
      await upstream.publish({ packages: [{ name: "tool", version }] });
      await stable();
    },
    async installs(url, version) {
      await using apt = await lab.apt();
      await apt.source(aptSource(url, "trixie", "main", lab.vendor.armoured));
      clean(await apt.update());
      clean(await apt.install("tool"));
      equal((await apt.installed())["tool"], version);
    },
  };
}
