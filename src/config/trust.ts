import { readFile } from "node:fs/promises";
import { SluiceError } from "../base/errors.ts";
import type { Trust } from "../trust/contract.ts";
import type { ImportConfig } from "./types.ts";

/** Reads the key files of a mirror. Throws `keyring_unreadable`, naming the path. */
export async function loadTrust(mirror: ImportConfig): Promise<Trust> {
  const { trust } = mirror;
  if (trust.kind === "none") return { kind: "none" };
  const files = await Promise.all(
    trust.keyrings.map(async (path) => ({ name: path, bytes: await readKeyring(mirror.name, path) })),
  );
  const embedded = (trust.embedded ?? []).map((key) => ({
    name: `in the config of ${mirror.name}`,
    bytes: Buffer.from(key),
  }));
  return {
    kind: "keys",
    files: [...files, ...embedded],
    pinned: trust.signedBy,
    allowWeak: trust.allowWeak,
    ...(trust.scope !== undefined && { scope: trust.scope }),
  };
}

async function readKeyring(mirror: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    if (why === "EISDIR") {
      throw new SluiceError(
        "keyring_unreadable",
        `The keyring '${path}' of mirror '${mirror}' is a folder: name the files in it, or one.`,
        { cause: error },
      );
    }
    throw new SluiceError(
      "keyring_unreadable",
      `The keyring '${path}' of mirror '${mirror}' cannot be read (${why}): check path and mode.`,
      { cause: error },
    );
  }
}
