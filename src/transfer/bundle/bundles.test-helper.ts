import { tmpdir } from "node:os";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findBundles } from "./open.ts";
import { bundleSource, inOrder } from "./source.ts";
import { goOn, siteRig, trusts, type SiteRig } from "../sites.test-helper.ts";
import type { ReadSource } from "../contract.ts";
import { writeBundle, type BundleRequest, type BundleResult } from "./write.ts";

/** Two sites, of which the second trusts the first, and a folder for bundles that is gone after the test. */
export async function bundlePair(
  context: TestContext,
  files: Record<string, string> = manyFiles("one"),
): Promise<{ outer: SiteRig; inner: SiteRig; id: string; home: string }> {
  const home = await mkdtemp(join(tmpdir(), "sluice-bundle-"));
  context.after(async () => rm(home, { recursive: true, force: true }));
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, files);
  await trusts(inner, outer);
  return { outer, inner, id, home };
}

/** Enough for several parts of 64 KiB, and one file that is cut. */
export function manyFiles(mark: string): Record<string, string> {
  const small = Array.from({ length: 12 }, (_, at) => [`f${at}`, `${mark} ${at} `.repeat(2000)] as const);
  return Object.fromEntries([...small, ["large", `${mark} large `.repeat(20_000)]]);
}

/** Writes a bundle of all channels in parts of 64 KiB. */
export async function writes(
  from: SiteRig,
  folder: string,
  change: Partial<BundleRequest> = {},
): Promise<BundleResult> {
  return writeBundle(from.site, {
    folder,
    selection: { channels: ["stable"] },
    partBytes: 65_536,
    destination: "any",
    assumption: { kind: "nothing" },
    extras: async () => new Map(),
    signal: new AbortController().signal,
    onMember: () => undefined,
    ...change,
  });
}

/** Opens all bundles in these folders; throws what is wrong with the first that cannot be. */
export async function sourcesIn(...folders: readonly string[]): Promise<ReadSource[]> {
  const { bundles, bad } = await findBundles(folders);
  for (const error of bad.values()) throw error;
  return Promise.all(inOrder(bundles).map(async ([bundle, all]) => bundleSource(bundle, all)));
}

export async function sourceIn(...folders: readonly string[]): Promise<ReadSource> {
  const [source] = await sourcesIn(...folders);
  if (source === undefined) throw new Error("there is no bundle");
  return source;
}

interface Listed {
  readonly number: number;
  readonly bundle: string;
  readonly records: number;
  readonly parts: readonly { readonly n: number; readonly name: string }[];
}

export async function manifestIn(folder: string): Promise<Listed> {
  return JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Listed;
}

export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
