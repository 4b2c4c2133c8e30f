import { open, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MANIFEST, SIGNATURE } from "./layout.ts";

/** The id of the finished bundle in a folder. */
export async function finished(folder: string): Promise<string | undefined> {
  const signed = await stat(join(folder, SIGNATURE)).catch(() => undefined);
  if (signed === undefined) return undefined;
  const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => "{}");
  try {
    return String((JSON.parse(text) as { bundle?: unknown }).bundle);
  } catch {
    return "";
  }
}

/** Makes a file for writing: what stands under its name goes, so that no link there leads the bytes elsewhere. */
export async function openFresh(path: string, mode = 0o644): Promise<FileHandle> {
  await rm(path, { force: true });
  return open(path, "wx", mode);
}

/** At one stroke: half a signature would pass for a finished bundle. Scripts may be run. */
export async function writeDurable(path: string, bytes: Buffer): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.new`);
  {
    await using file = await openFresh(aside, path.endsWith(".sh") ? 0o755 : 0o644);
    await file.writeFile(bytes);
    await file.sync();
  }
  await rename(aside, path);
}

export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  // Some file systems for sticks cannot do that for a folder.
  await handle.sync().catch(() => undefined);
}
