import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { floorFaults, readSources } from "./floors.ts";
import { commandStep, type Step } from "./steps.ts";

const root = join(import.meta.dirname, "..");

/** All that is checked of the sources, besides their tests. */
export const CHECKS: readonly Step[] = [
  commandStep("types (tsc)", "tsc", "--noEmit"),
  commandStep("lint (oxlint)", "oxlint", "--type-aware", "--deny-warnings"),
  commandStep("format (oxfmt)", "oxfmt", "--check"),
  commandStep("dead code (knip)", "knip", "--no-progress"),
  { name: "floors and file sizes", run: floors },
  { name: "generated reference", run: drift },
];

async function floors(): Promise<string | undefined> {
  const faults = floorFaults(await readSources(root));
  return faults.length === 0 ? undefined : faults.join("\n");
}

async function drift(): Promise<string | undefined> {
  // Loaded here, so that sources that do not load fail this check and not the whole run.
  const { generatedFiles } = await import("./generated.ts");
  const stale: string[] = [];
  for (const [path, text] of Object.entries(generatedFiles())) {
    const found = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (found !== text)
      stale.push(`${path} ${found === undefined ? "is missing" : "is not what the sources say"}`);
  }
  return stale.length === 0 ? undefined : `${stale.join("\n")}\nRun: npm run schema`;
}
