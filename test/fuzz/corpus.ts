import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const CORPUS = join(import.meta.dirname, "corpus");

/** Inputs that are kept for a target, in the order of their names. */
export async function readCorpus(target: string): Promise<Buffer[]> {
  const folder = join(CORPUS, target);
  const names: string[] = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return Promise.all(names.toSorted().map((name) => readFile(join(folder, name))));
}

/** Keeps an input below a folder, under a name that its bytes give it; gives the path. */
export async function keepInput(folder: string, input: Uint8Array): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, createHash("sha256").update(input).digest("hex").slice(0, 16));
  await writeFile(path, input);
  return path;
}

/** Puts these in the place of what is kept, but for the inputs of former findings: `found-…`. */
export async function writeCorpus(target: string, inputs: readonly Uint8Array[]): Promise<void> {
  const folder = join(CORPUS, target);
  const names: string[] = await readdir(folder).catch(() => []);
  for (const name of names) if (!name.startsWith("found-")) await rm(join(folder, name));
  for (const input of inputs) await keepInput(folder, input);
}
