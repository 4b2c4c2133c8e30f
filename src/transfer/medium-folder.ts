import { readdir } from "node:fs/promises";
import { SluiceError } from "../base/errors.ts";

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
