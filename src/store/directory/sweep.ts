import fs from "node:fs";
import { entriesOf, isErrno, removeFile } from "./files.ts";
import { isTemporary, markOf } from "./layout.ts";
import type { Place } from "./layout.ts";
import { startPace } from "./pace.ts";
import { isPartial } from "./partial.ts";

/** Removes what has the name of a temporary file or folder, or of a partial download, and is older; returns bytes freed. */
export async function sweepTemporary(place: Place, olderThanMs: number): Promise<number> {
  const { tmp, partial } = place.at;
  const before = place.clock() - olderThanMs;
  const pace = startPace();
  let freed = 0;
  const old = (file: string): fs.Stats | undefined => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    return stat !== undefined && Math.max(stat.mtimeMs, stat.ctimeMs) <= before ? stat : undefined;
  };
  const candidates = [
    ...namesIn(tmp, isTemporary).map((name) => `${tmp}/${name}`),
    ...namesIn(partial, isPartial).map((name) => `${partial}/${name}`),
  ];
  for (const file of candidates) {
    const stat = old(file);
    if (stat === undefined) continue;
    if (stat.isDirectory()) freed += await removeFolder(file);
    else if (removeFile(file)) freed += stat.nlink > 1 ? 0 : stat.size;
    await pace();
  }
  return freed;
}

/** Removes all temporary files and folders of the stores that had these marks, and are dead. */
export async function removeLeftovers(place: Place, marks: ReadonlySet<string>): Promise<void> {
  const { tmp } = place.at;
  for (const name of namesIn(tmp, (one) => isTemporary(one) && marks.has(markOf(one)))) {
    const file = `${tmp}/${name}`;
    if (fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) await removeFolder(file);
    else removeFile(file);
  }
}

function namesIn(folder: string, matches: (name: string) => boolean): string[] {
  return entriesOf(folder)
    .map((entry) => entry.name)
    .filter(matches);
}

/** Removes a folder of ours and all below it, following no symlink; returns bytes freed. */
export async function removeFolder(folder: string): Promise<number> {
  const pace = startPace();
  let freed = 0;
  for (const entry of entriesOf(folder)) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      freed += await removeFolder(name);
      continue;
    }
    const stat = fs.lstatSync(name, { throwIfNoEntry: false });
    if (stat !== undefined && removeFile(name) && stat.nlink === 1) freed += stat.size;
    await pace();
  }
  try {
    fs.rmdirSync(folder);
  } catch (error) {
    // Another process may be removing the same.
    if (!isErrno(error, "ENOENT")) throw error;
  }
  return freed;
}
