import { readdir, readFile, realpath, rename, stat, statfs } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import type { Site } from "../channel/site.ts";
import { openFresh } from "./bundle/durable.ts";

/** How Sluice's own packages are named. */
const NAME = /^sluice[-_][A-Za-z0-9._-]{1,80}\.(?:tar\.xz|deb|rpm)$/;
const MOST_BYTES = 256 * 2 ** 20;

/**
 * The files that are to go along, none larger than `most`: those named, else the archives of this version that lie beside the program `main` (its first file): beside the
 * folder that it was unpacked into, in `share/sluice/` of it, or in `dist/` of the repository. Throws usage.
 */
export async function ownArchives(
  named: readonly string[] | undefined,
  main: string,
  most: number,
): Promise<readonly string[]> {
  const paths = named ?? (await found(resolve(await realpath(main), "../../..")));
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile() !== true || !NAME.test(basename(path)) || facts.size > MOST_BYTES)
      throw new SluiceError(
        "usage",
        `--with-sluice takes a package of Sluice, such as sluice-${VERSION}-linux-amd64.tar.xz; '${path}' is none.`,
      );
    if (facts.size > most)
      throw new SluiceError(
        "usage",
        `${path} is larger than --part-size: give a larger one, or leave Sluice out.`,
      );
  }
  return paths;
}

async function found(root: string): Promise<readonly string[]> {
  const wanted = `sluice-${VERSION}-linux-`;
  const kept = join(root, "share/sluice");
  for (const place of [resolve(root, ".."), kept, join(root, "dist")]) {
    const names = await readdir(place).catch(() => []);
    const archives = names.filter((name) => name.startsWith(wanted) && name.endsWith(".tar.xz"));
    if (archives.length > 0) return archives.toSorted().map((name) => join(place, name));
  }
  throw new SluiceError(
    "usage",
    `No ${wanted}….tar.xz lies beside this program: name the file, --with-sluice FILE, or put it into ${kept}.`,
  );
}

/** Copies the archives to a medium or a bundle, each with a detached signature of this site, `NAME.asc`. Gives their names. */
export async function bringSluice(
  site: Site,
  folder: string,
  archives: readonly string[],
): Promise<string[]> {
  const author = await site.author();
  for (const path of archives) {
    const to = join(folder, basename(path));
    const bytes = await readFile(path);
    if (!bytes.equals(await readFile(to).catch(() => Buffer.alloc(0)))) await write(to, bytes);
    // Dated as the key itself: the same archive has the same signature, whenever it is made.
    await write(`${to}.asc`, Buffer.from(await author.sign(bytes, 0)));
  }
  return archives.map((path) => basename(path));
}

async function write(path: string, bytes: Buffer): Promise<void> {
  const { bavail, bsize } = await statfs(resolve(path, ".."));
  if (bytes.length > bavail * bsize)
    throw new SluiceError(
      "disk_full",
      `There is no room for ${path}: use a larger medium, or leave Sluice out.`,
    );
  const unfinished = `${path}.new`;
  await using file = await openFresh(unfinished);
  await file.writeFile(bytes);
  await file.sync();
  await rename(unfinished, path);
}
