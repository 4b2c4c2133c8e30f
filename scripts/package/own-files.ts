import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { Plugin } from "rolldown";

const OWN_FILE = /new URL\("([^"]+)", import\.meta\.url\)/g;

/** Knows that it runs from the sources, and does without a place where it does not. */
const KNOWS_ITS_PLACE = ["src/base/compile-cache.ts"];

/**
 * Files that the sources find beside themselves by `new URL("name", import.meta.url)` come along: a TypeScript file as an entry of its own, which another process
 * may be started by, any other as it is. Sources that look beside themselves in another way are refused, since that would fail only where they are installed.
 */
export function ownFiles(root: string): Plugin {
  const taken = new Map<string, string>();
  return {
    name: "own-files",
    async transform(code, id) {
      const path = relative(root, id);
      if (!path.startsWith("src/")) return null;
      const found = [...code.matchAll(OWN_FILE)].map(([, name = ""]) => join(dirname(id), name));
      for (const file of found) {
        const fileName = nameOf(file);
        if ((taken.get(fileName) ?? file) !== file)
          throw new Error(`${file} and ${taken.get(fileName)} would have one name: rename one.`);
        if (taken.has(fileName)) continue;
        taken.set(fileName, file);
        if (file.endsWith(".ts")) this.emitFile({ type: "chunk", id: file, fileName });
        else this.emitFile({ type: "asset", fileName, source: await readFile(file) });
      }
      const rewritten = code.replaceAll(
        OWN_FILE,
        (_all, name: string) => `new URL("${nameOf(name)}", import.meta.url)`,
      );
      if (/import\.meta\b/.test(code.replaceAll(OWN_FILE, "")) && !KNOWS_ITS_PLACE.includes(path))
        throw new Error(
          `${path} looks for its own place: to come along when it is installed, a file must be named by \`new URL("name", import.meta.url)\`.`,
        );
      return found.length === 0 ? null : { code: rewritten };
    },
  };
}

function nameOf(file: string): string {
  return basename(file).replace(/\.ts$/, ".mjs");
}
