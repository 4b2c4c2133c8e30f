import { readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { openFresh } from "./durable.ts";
import { bundlePart, type BundlePart } from "./layout.ts";

// Beside the parts of an export that has not come to its end: which plan they are of, so that the next run goes on.
const FILE = ".sluice-export.json";

const schema = z.strictObject({ bundle: z.string(), parts: z.array(bundlePart) });

/** The parts that a stopped run of this very bundle has written. Those of another one are removed. */
export async function resumeState(folder: string, bundle: string): Promise<Map<number, BundlePart>> {
  const text = await readFile(join(folder, FILE), "utf8").catch(() => undefined);
  const state = text === undefined ? undefined : parse(text);
  for (const name of await readdir(folder))
    if (/^part-\d+\.partial$/.test(name)) await rm(join(folder, name));
  if (state === undefined) return new Map();
  if (state.bundle === bundle) return new Map(state.parts.map((part) => [part.n, part]));
  for (const { name } of state.parts) await rm(join(folder, name), { force: true });
  return new Map();
}

function parse(text: string): z.output<typeof schema> | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function saveState(folder: string, bundle: string, parts: readonly BundlePart[]): Promise<void> {
  const temporary = join(folder, `${FILE}.partial`);
  {
    await using file = await openFresh(temporary);
    await file.writeFile(JSON.stringify({ bundle, parts }));
  }
  await rename(temporary, join(folder, FILE));
}

export async function dropState(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
}
