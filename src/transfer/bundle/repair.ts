import { copyFile, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { plainFiles } from "./files.ts";
import { PART } from "./open.ts";
import { hasPlainNames, par2, PARITY } from "./par2.ts";

export interface Repaired {
  /** The folder of the bundle on its medium. */
  readonly bundle: string;
  /** Where its small files are, and those parts that had to be mended. */
  readonly folder: string;
  readonly mended: readonly string[];
}

/**
 * Mends every bundle in these folders that has parity. What is mended is written into a folder below `into`, which must be empty, and nothing to where it came from. Throws usage,
 * program_missing, and bundle_damaged where too much is lost.
 */
export async function repairBundles(
  folders: readonly string[],
  into: string,
  signal: AbortSignal,
): Promise<Repaired[]> {
  const files = (await Promise.all(folders.map(async (folder) => plainFiles(resolve(folder))))).flat();
  const bundles = [
    ...new Set(files.filter((path) => PARITY.test(basename(path))).map((path) => dirname(path))),
  ];
  if (bundles.length === 0)
    throw new SluiceError(
      "usage",
      `There is no parity (parity-10.par2 or the like) in ${folders.join(", ")}: have the bad parts written again.`,
    );
  await mkdir(into, { recursive: true });
  if ((await readdir(into)).length > 0)
    throw new SluiceError("usage", `${into} is not empty: give an empty folder for what is mended.`);
  const done: Repaired[] = [];
  for (const [at, bundle] of bundles.entries()) {
    const folder = join(resolve(into), `bundle-${at + 1}`);
    done.push({ bundle, folder, mended: await repair(bundle, files, folder, signal) });
  }
  return done;
}

async function repair(
  bundle: string,
  files: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<string[]> {
  await mkdir(folder);
  const known = new Set<string>();
  for (const path of files) {
    const name = basename(path);
    const isPart = PART.test(name);
    // Parts may lie on any medium; what else is of the bundle stands beside its parity.
    if (known.has(name) || name.startsWith(".") || (dirname(path) !== bundle && !isPart)) continue;
    known.add(name);
    // par2 puts files that are bad aside, and so must never see those of the medium by their own names.
    if (isPart || PARITY.test(name)) await symlink(path, join(folder, name));
    else await copyFile(path, join(folder, name));
  }
  const parity = [...known].filter((name) => PARITY.test(name)).toSorted();
  for (const name of parity)
    if (!(await hasPlainNames(join(bundle, name))))
      throw new SluiceError(
        "bundle_damaged",
        `${join(bundle, name)} is no parity of a bundle: do not use it.`,
      );
  let why = "";
  for (const [percent, names] of byPercent(parity)) {
    const { status, said } = await par2(["repair", "-q", "-q", "--", ...names], folder, signal);
    if (status === 0) return tidy(folder, known);
    why = `more than ${percent} % of it is lost`;
    if (said.trim() !== "") why += ` (${said.trim().split("\n").at(-1) ?? ""})`;
  }
  await rm(folder, { recursive: true });
  throw new SluiceError(
    "bundle_damaged",
    `The bundle in ${bundle} cannot be mended by its parity, ${why}: see by \`sluice import --check\` which parts to have written again.`,
  );
}

/** Sets of parity, those that bear most first; the index of each first. */
function byPercent(names: readonly string[]): [number, string[]][] {
  const sets = new Map<number, string[]>();
  for (const name of names) {
    const percent = Number(PARITY.exec(name)?.[1]);
    sets.set(percent, [...(sets.get(percent) ?? []), name]);
  }
  return [...sets].toSorted(([a], [b]) => b - a);
}

/** Takes away links and what par2 put aside; gives the parts that it wrote. */
async function tidy(folder: string, known: ReadonlySet<string>): Promise<string[]> {
  const mended: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const isAside = !known.has(entry.name) && known.has(entry.name.replace(/\.\d+$/, ""));
    if (!entry.isFile() || isAside) await rm(join(folder, entry.name));
    else if (PART.test(entry.name)) mended.push(entry.name);
  }
  return mended.toSorted();
}
