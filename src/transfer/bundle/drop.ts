import { mkdir, rename, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { lastImport } from "../import-record.ts";
import type { ReadStore } from "../../store/contract.ts";
import type { ReadSource } from "../contract.ts";
import { plainFiles, readPlain } from "./files.ts";
import { bundleManifest, MANIFEST, SIGNATURE, SUMS, type BundleManifest } from "./layout.ts";
import { findBundles, PART, type OpenedBundle } from "./open.ts";
import { PARITY } from "./par2.ts";
import { bundleSource } from "./source.ts";

/** A bundle in a drop folder, as far as it has come. */
export interface Drop {
  readonly folder: string;
  /** Changes whenever a file of it does. */
  readonly state: string;
  /** True where every file of it is there in its full size. What is in them is not looked at. */
  readonly isComplete: boolean;
}

const MOST_MANIFEST = 512 * 2 ** 20;

/** Those of the folders that can be read now; why another one cannot is told. */
export async function foldersThere(
  folders: readonly string[],
  onAway: (error: SluiceError) => void,
): Promise<string[]> {
  const there: string[] = [];
  for (const folder of folders) {
    try {
      await plainFiles(folder, 0);
      there.push(folder);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      onAway(error);
    }
  }
  return there;
}

/** What bundles there are in these folders. Whatever is no bundle, or not yet, is passed over. */
export async function survey(folders: readonly string[]): Promise<Drop[]> {
  const files = (await Promise.all(folders.map(async (folder) => plainFiles(folder)))).flat();
  const drops: Drop[] = [];
  for (const path of files) {
    if (basename(path) !== MANIFEST) continue;
    const folder = dirname(path);
    const manifest = await readManifest(path);
    if (manifest === undefined) continue;
    const own = filesOf(files, folder, manifest);
    const facts = await Promise.all(
      own.map(async (file) => ({ file, facts: await stat(file).catch(() => undefined) })),
    );
    const sizes = new Map<string, number>();
    for (const { file, facts: one } of facts) {
      const name = PART.exec(basename(file))?.[1] ?? file;
      sizes.set(name, (sizes.get(name) ?? 0) + (one?.size ?? 0));
    }
    const isWhole = manifest.parts.every(({ name, size }) => (sizes.get(name) ?? -1) >= size);
    const isSigned = [SUMS, SIGNATURE].every((name) => own.includes(join(folder, name)));
    const state = facts.map(({ file, facts: one }) => `${file} ${one?.size} ${one?.mtimeMs}`).join("\n");
    drops.push({ folder, state, isComplete: isWhole && isSigned });
  }
  return drops;
}

async function readManifest(path: string): Promise<BundleManifest | undefined> {
  try {
    return bundleManifest.parse(JSON.parse(String(await readPlain(path, MOST_MANIFEST))));
  } catch {
    // Half of it has come, or it is something else's.
    return undefined;
  }
}

/** The files of a bundle: its parts and pieces of them wherever they lie, the small ones in its own folder. */
function filesOf(files: readonly string[], folder: string, { parts }: BundleManifest): string[] {
  const names = new Set(parts.map(({ name }) => name));
  return files.filter((path) => {
    const part = PART.exec(basename(path))?.[1];
    return part === undefined ? dirname(path) === folder : names.has(part);
  });
}

export interface OpenedDrop {
  readonly bundle: OpenedBundle;
  readonly source: ReadSource;
}

/** Opens one of the bundles that survey found. Throws bundle_damaged. */
export async function openDrop(folder: string, folders: readonly string[]): Promise<OpenedDrop> {
  const others = (await survey(folders)).map((drop) => drop.folder).filter((other) => other !== folder);
  const { bundles, bad } = await findBundles(folders, new Set(others));
  const error = bad.get(folder);
  if (error !== undefined) throw error;
  const bundle = bundles.find((one) => one.folder === folder);
  if (bundle === undefined) throw new SluiceError("bundle_damaged", `The bundle in ${folder} is gone.`);
  return { bundle, source: await bundleSource(bundle, [bundle]) };
}

/** True where this site has had the bundle, and all that it says of channels. */
export async function wasTaken(store: ReadStore, { manifest, sender }: OpenedBundle): Promise<boolean> {
  const before = await lastImport(store, sender.id);
  if (before?.taken?.includes(manifest.bundle) !== true) return false;
  return manifest.channels.every(({ name, version }) => (before.channels[name] ?? 0) >= version);
}

/** Moves the files of a bundle that was taken to a folder of its own below `done`, and nothing else: what another bundle in these folders needs stays. */
export async function putAside(
  bundle: OpenedBundle,
  done: string,
  folders: readonly string[],
): Promise<void> {
  const { folder, manifest, listed } = bundle;
  const target = join(done, `${manifest.number}-${manifest.bundle.slice(0, 6)}`);
  await mkdir(target, { recursive: true }).catch((error: unknown) => {
    throw notAside(error, folder, target);
  });
  const small = [...listed.keys(), SUMS, SIGNATURE].filter((name) => !PART.test(name));
  const parity = (await plainFiles(folder, 0)).filter((path) => PARITY.test(basename(path)));
  // The signature goes first: what is left of a move that was stopped is no bundle any more.
  const own = [SIGNATURE, ...small.filter((name) => name !== SIGNATURE)].map((name) => join(folder, name));
  for (const path of [...own, ...(await partsToMove(bundle, folders)), ...parity]) {
    try {
      await rename(path, join(target, basename(path)));
    } catch (error) {
      throw notAside(error, folder, target);
    }
  }
}

function notAside(error: unknown, folder: string, target: string): SluiceError {
  const why = (error as NodeJS.ErrnoException).code ?? "unknown";
  const sentence =
    why === "EXDEV"
      ? `${dirname(target)} is on another file system than ${folder}: give a folder on the same one to --done.`
      : `The bundle in ${folder} cannot be moved to ${target} (${why}): give a folder that can be written to --done.`;
  return new SluiceError("usage", sentence, { cause: error });
}

/** Parts are named after what is in them, so that several bundles may need one. */
async function partsToMove({ folder, parts }: OpenedBundle, folders: readonly string[]): Promise<string[]> {
  const files = (await Promise.all(folders.map(async (one) => plainFiles(one)))).flat();
  const others = files.filter((path) => basename(path) === MANIFEST && dirname(path) !== folder);
  const needed = new Set<string>();
  for (const path of others) for (const { name } of (await readManifest(path))?.parts ?? []) needed.add(name);
  return [...parts].flatMap(([name, copies]) => {
    if (!needed.has(name)) return copies.flat();
    const own = copies.filter((copy) => copy.every((path) => dirname(path) === folder));
    return own.length < copies.length ? own.flat() : [];
  });
}

/** Holds that what is put aside would not be found again. */
export function checkAside(done: string, folders: readonly string[]): void {
  for (const folder of folders) {
    const below = relative(resolve(folder), resolve(done));
    if (below === "" || !below.startsWith(".."))
      throw new SluiceError(
        "usage",
        `--done must not lie below ${folder}, which is watched: give another folder.`,
      );
  }
}
