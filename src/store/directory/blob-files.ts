import fs from "node:fs";
import { entriesOf } from "./files.ts";
import type { Layout } from "./layout.ts";
import { startPace } from "./pace.ts";

export interface BlobFile {
  readonly sha256: string;
  readonly file: string;
  readonly stat: fs.Stats;
}

/** Every file of blobs/ that has the name of a blob, in the order of the names, from behind `after` on; anything else there is left alone. */
export async function* blobFiles(at: Layout, after = ""): AsyncGenerator<BlobFile> {
  const pace = startPace();
  const folders = entriesOf(at.blobs).filter((entry) => entry.isDirectory());
  for (const folder of folders.map(({ name }) => name).toSorted()) {
    if (!/^[0-9a-f]{2}$/.test(folder) || folder < after.slice(0, 2)) continue;
    for (const name of fs.readdirSync(`${at.blobs}/${folder}`).toSorted()) {
      if (!/^[0-9a-f]{62}$/.test(name) || folder + name <= after) continue;
      const file = `${at.blobs}/${folder}/${name}`;
      const stat = fs.lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isFile()) yield { sha256: folder + name, file, stat };
      await pace();
    }
  }
}

/** Those that were written, or renamed into place, at `since` (ms, the file system's time) or later. */
export async function* blobFilesSince(at: Layout, since: number): AsyncGenerator<BlobFile> {
  for await (const blob of blobFiles(at))
    if (Math.max(blob.stat.mtimeMs, blob.stat.ctimeMs) >= since) yield blob;
}
