import { constants, type Dirent } from "node:fs";
import { open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../base/errors.ts";

// What lies on a medium is not believed: only plain files are opened, and no link is followed.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a plain file; throws bundle_damaged for anything else. */
export async function openPlain(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, FLAGS);
  } catch (error) {
    throw notPlain(path, (error as NodeJS.ErrnoException).code ?? "unknown", error);
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw notPlain(path, "not a plain file", undefined);
}

/** The bytes of a small file. */
export async function readPlain(path: string, most: number): Promise<Buffer> {
  await using handle = await openPlain(path);
  const { size } = await handle.stat();
  if (size > most)
    throw new SluiceError(
      "bundle_damaged",
      `${path} is larger than such a file can be (${size} bytes): it is not Sluice's.`,
    );
  return await handle.readFile();
}

function notPlain(path: string, why: string, cause: unknown): SluiceError {
  return new SluiceError(
    "bundle_damaged",
    `${path} cannot be read (${why}): copy it again, or have it written again.`,
    { cause },
  );
}

/** Plain files in a folder and in folders up to two below it, by path; links and everything else are passed over. Throws usage where it cannot be read. */
export async function plainFiles(folder: string, depth = 2): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) found.push(path);
    else if (entry.isDirectory() && depth > 0)
      found.push(...(await plainFiles(path, depth - 1).catch(() => [])));
  }
  return found.toSorted();
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError("usage", `${folder} cannot be read (${why}): check that the folder is there.`, {
      cause: error,
    });
  }
}
