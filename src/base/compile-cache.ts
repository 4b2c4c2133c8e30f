import { enableCompileCache } from "node:module";
import { join } from "node:path";

/**
 * Run from the sources, keeps what was compiled in the project's own folder: in one that others may write it would be code that others may write.
 * An installed program has no folder for that.
 */
export function keepCompiled(): void {
  if (import.meta.filename.endsWith(".ts"))
    enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/node"));
}
