import fs from "node:fs";
import { SluiceError } from "../../base/errors.ts";
import { checkPath } from "../../base/path.ts";
import { blobMissing } from "../checks.ts";
import type { TreeFile } from "../contract.ts";
import { directoryMaker, discardFile, entriesOf, isErrno, removeFile } from "./files.ts";
import { blobPath } from "./layout.ts";
import type { Layout, Place } from "./layout.ts";
import { startPace } from "./pace.ts";
import { haveSameBytes } from "./same-bytes.ts";
import { removeFolder } from "./sweep.ts";

/** Files and folders of one tree, so far: each path once, and never both. */
export interface Plan {
  readonly files: Map<string, TreeFile>;
  readonly folders: Set<string>;
}

/**
 * The plan for these files; throws `path_refused` for a path that is not safe, and `path_conflict` where two claim
 * one path, or one needs a folder where another is a file. A file that is named twice in the same way counts once.
 */
export function planTree(files: Iterable<TreeFile>, where: string): Plan {
  const plan: Plan = { files: new Map(), folders: new Set() };
  for (const file of files) {
    if (checkPath(file.path, where) !== file.path)
      throw new SluiceError(
        "path_refused",
        `${where} names '${file.path}', which begins with './': refused.`,
      );
    const same = plan.files.get(file.path);
    if (same === undefined) plan.files.set(file.path, file);
    else if (same.sha256 !== file.sha256 || same.mtime !== file.mtime) throw conflict(where, file.path);
    for (let at = file.path.lastIndexOf("/"); at > 0; at = file.path.lastIndexOf("/", at - 1)) {
      const folder = file.path.slice(0, at);
      if (plan.folders.has(folder)) break;
      plan.folders.add(folder);
    }
  }
  for (const folder of plan.folders) if (plan.files.has(folder)) throw conflict(where, folder);
  return plan;
}

function conflict(where: string, path: string): SluiceError {
  return new SluiceError(
    "path_conflict",
    `${where} names '${path}' twice, with different content or as file and folder: refused.`,
  );
}

/** Puts one file of the plan at a name that is free. Roots, and what cannot be linked, become copies. */
export function plantFile(
  at: Layout,
  target: string,
  file: TreeFile,
  link: (from: string, to: string) => void = fs.linkSync,
): void {
  const blob = blobPath(at, file.sha256);
  if (blob === undefined) throw blobMissing(file.sha256);
  try {
    if (file.mtime === undefined && tryLink(() => link(blob, target))) return;
    copy(blob, target, file.mtime);
  } catch (error) {
    if (isErrno(error, "ENOENT") && !fs.existsSync(blob)) throw blobMissing(file.sha256);
    throw error;
  }
}

function tryLink(link: () => void): boolean {
  try {
    link();
    return true;
  } catch (error) {
    // Too many links, links forbidden, or another file system.
    if (isErrno(error, "EMLINK", "EPERM", "EXDEV", "ENOTSUP", "EOPNOTSUPP")) return false;
    throw error;
  }
}

// Durable before anyone sees it: a link shares the blob's bytes, which are; a copy has its own.
function copy(blob: string, target: string, mtime: number | undefined): void {
  try {
    fs.copyFileSync(blob, target, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
    const fd = fs.openSync(target, "r+");
    try {
      if (mtime !== undefined) fs.futimesSync(fd, mtime / 1000, mtime / 1000);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (!isErrno(error, "EEXIST")) discardFile(target);
    throw error;
  }
}

/** The folders of a plan, parents first, below a folder that may be in use; returns those that a file stood in the place of. */
export function plantFolders(base: string, plan: Plan): string[] {
  const replaced: string[] = [];
  const make = directoryMaker();
  for (const folder of [...plan.folders].toSorted()) {
    const path = `${base}/${folder}`;
    // In a folder that grows, a file of an older state may stand where a folder must be.
    if (fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false && removeFile(path))
      replaced.push(folder);
    make(path);
  }
  return replaced;
}

/** The same below a folder that is new. */
export function plantNewFolders(base: string, plan: Plan): void {
  const make = directoryMaker();
  for (const folder of [...plan.folders].toSorted()) make(`${base}/${folder}`);
}

/** Puts one file of the plan at a name where an older one may stand; false where that is right already, and left. */
export async function plantOver(place: Place, target: string, file: TreeFile): Promise<boolean> {
  const there = fs.lstatSync(target, { throwIfNoEntry: false });
  if (there?.isFile() && (await isPlanted(place.at, target, there, file))) return false;
  const temp = place.temp("link");
  try {
    plantFile(place.at, temp, file);
    if (there?.isDirectory()) await removeFolder(target);
    fs.renameSync(temp, target);
    return true;
  } finally {
    discardFile(temp);
  }
}

/** Removes what is below the folder and not in the plan, following no symlink; returns the names removed. */
export async function prune(base: string, plan: Plan): Promise<string[]> {
  const removed: string[] = [];
  for await (const { path, folder } of strays(base, plan)) {
    if (folder) await removeFolder(`${base}/${path}`);
    else removeFile(`${base}/${path}`);
    removed.push(path);
  }
  return removed;
}

/** What `plantFolders`, `plantOver` and `prune` would change in this folder: their paths. */
export async function wrongIn(place: Place, base: string, plan: Plan): Promise<string[]> {
  const pace = startPace();
  const wrong: string[] = [];
  for (const file of plan.files.values()) {
    const target = `${base}/${file.path}`;
    const there = lstatOf(target);
    if (there?.isFile() !== true || !(await isPlanted(place.at, target, there, file))) wrong.push(file.path);
    await pace();
  }
  for await (const { path } of strays(base, plan)) wrong.push(path);
  return wrong;
}

async function* strays(
  base: string,
  plan: Plan,
  below = "",
): AsyncGenerator<{ path: string; folder: boolean }> {
  const pace = startPace();
  for (const entry of entriesOf(`${base}/${below}`)) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    await pace();
    if (plan.files.has(path)) continue;
    if (entry.isDirectory() && plan.folders.has(path)) yield* strays(base, plan, path);
    else yield { path, folder: entry.isDirectory() };
  }
}

function lstatOf(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

async function isPlanted(at: Layout, target: string, there: fs.Stats, file: TreeFile): Promise<boolean> {
  if (file.mtime === undefined && isLinkOf(at, there, file.sha256)) return true;
  if (file.mtime !== undefined && Math.abs(there.mtimeMs - file.mtime) >= 1) return false;
  const blob = blobPath(at, file.sha256);
  return blob !== undefined && (await haveSameBytes(target, blob));
}

function isLinkOf(at: Layout, stat: fs.Stats, sha256: string): boolean {
  const file = blobPath(at, sha256);
  const blob = file === undefined ? undefined : fs.lstatSync(file, { throwIfNoEntry: false });
  return blob?.ino === stat.ino && blob.dev === stat.dev;
}
