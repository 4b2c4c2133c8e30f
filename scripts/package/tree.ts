import { chmod, cp, link, lutimes, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

type Mode = 0o644 | 0o755;

/** Writes a file below a folder, with the folders above it. */
export async function put(
  root: string,
  path: string,
  content: string | Uint8Array,
  mode: Mode = 0o644,
): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  await chmod(file, mode);
}

/** The same with a large file, which is not copied where the file system has hard links. */
export async function putFile(root: string, path: string, from: string, mode: Mode = 0o644): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await link(from, file).catch(async () => await cp(from, file));
  await chmod(file, mode);
}

/** All files below a folder, as paths in it, sorted. */
export async function filesBelow(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

/** Gives all below a folder one time (in seconds), and folders their usual mode: what is packed must not depend on when and by whom. */
export async function settle(root: string, seconds: number): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    await lutimes(path, seconds, seconds);
  }
  await chmod(root, 0o755);
  await lutimes(root, seconds, seconds);
}
