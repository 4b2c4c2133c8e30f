import { join } from "node:path";
import { rolldown } from "rolldown";
import { ownFiles } from "./own-files.ts";

/**
 * Writes all that Sluice runs into a folder, as JavaScript: `main.mjs`, an entry for each further process, and what they share. Gives the modules that are in it.
 */
export async function bundle(root: string, folder: string): Promise<readonly string[]> {
  await using build = await rolldown({
    cwd: root,
    input: { main: join(root, "src/cli/main.ts") },
    platform: "node",
    plugins: [ownFiles(root)],
    onLog(level, log) {
      // A module that cannot be found is but a warning, and would be missed only where it is installed.
      if (level === "warn") throw new Error(log.message);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
  });
  return output.flatMap((one) => (one.type === "chunk" ? one.moduleIds : [])).toSorted();
}
