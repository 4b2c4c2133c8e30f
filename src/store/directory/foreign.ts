import fs from "node:fs";
import { dirname } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { entriesOf } from "./files.ts";
import { isTemporary } from "./layout.ts";
import type { Layout } from "./layout.ts";

/**
 * Guards the reading of a store that others may have written to, such as a medium: throws medium_unsafe where a path below the root leads over a link, or to
 * something else than a folder or a plain file.
 */
export function foreignGuard(root: string): (path: string) => void {
  const known = new Set<string>();
  return (path) => {
    const steps = path.slice(root.length + 1).split("/");
    let at = root;
    for (const [nth, step] of steps.entries()) {
      if (step === "") continue;
      at = `${at}/${step}`;
      if (known.has(at)) continue;
      const stat = fs.lstatSync(at, { throwIfNoEntry: false });
      if (stat === undefined) return;
      if (stat.isDirectory()) known.add(at);
      else if (!stat.isFile() || nth < steps.length - 1) throw unsafe(at, stat);
    }
  };
}

/** Looks at each folder that a writer goes into by its name, and at what it opens there, ahead of the first step. Throws medium_unsafe. */
export function guardFolders(at: Layout, guard: (path: string) => void): void {
  const guarded = (folder: string): fs.Dirent[] => {
    guard(folder);
    return entriesOf(folder);
  };
  for (const folder of [dirname(at.blobs), at.blobs, at.partial, at.quarantine, at.locks, at.reserve])
    for (const { name } of guarded(folder)) guard(`${folder}/${name}`);
  // A link that was about to be renamed into trees/ is there after a kill; nobody goes through it.
  for (const { name } of guarded(at.tmp))
    if (!(name.startsWith("link-") && isTemporary(name))) guard(`${at.tmp}/${name}`);
  for (const entry of guarded(at.trees)) {
    const path = `${at.trees}/${entry.name}`;
    guard(path);
    if (!entry.isDirectory()) continue;
    for (const { name } of guarded(`${path}/.grace`)) guard(`${path}/.grace/${name}`);
  }
  const refs = [at.refs];
  for (let folder = refs.pop(); folder !== undefined; folder = refs.pop())
    for (const entry of guarded(folder)) if (!entry.isFile()) refs.push(`${folder}/${entry.name}`);
}

function unsafe(path: string, stat: fs.Stats): SluiceError {
  const what = stat.isSymbolicLink() ? "a symlink" : stat.isFile() ? "a file" : "a device, pipe or socket";
  return new SluiceError(
    "medium_unsafe",
    `${path} is ${what}, which no medium has there: it was altered; do not use it, and have it written again.`,
  );
}
