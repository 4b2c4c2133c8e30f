import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { openDirectoryStore, type DirectoryStore } from "../store/directory/open.ts";

/** True where the folder holds a store. Throws store_unusable where it cannot be read. */
export async function isMedium(folder: string): Promise<boolean> {
  try {
    const names = await readdir(folder);
    return names.includes("blobs") && names.includes("refs");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError(
      "store_unusable",
      `The folder ${folder} cannot be read (${why}): check the path, and that the medium is mounted.`,
      {
        cause: error,
      },
    );
  }
}

/** Opens a medium for writing: others may have had it in their hands. Throws medium_unsafe, and medium_unsuitable where it is the data folder of this site. */
export async function openMedium(folder: string, data: string): Promise<DirectoryStore> {
  await holdElsewhere(folder, data);
  return openDirectoryStore(folder, { isForeign: true });
}

/** Throws medium_unsuitable where the folder, or one that a store has in it, is one of the data folder of this site, by another name too. */
export async function holdElsewhere(folder: string, data: string): Promise<void> {
  for (const name of ["", "blobs", "blobs/sha256", "refs", "trees"]) {
    const own = await inodeOf(join(data, name));
    if (own !== undefined && own === (await inodeOf(join(folder, name)))) throw isOwn(folder);
  }
}

export function isOwn(folder: string): SluiceError {
  return new SluiceError(
    "medium_unsuitable",
    `${folder} is the data folder of this site: give the folder of a medium.`,
  );
}

async function inodeOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev} ${found.ino}`;
}
