import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundle } from "./bundle.ts";
import { commandFacts } from "./commands.ts";
import { bashCompletion } from "./complete-bash.ts";
import { fishCompletion } from "./complete-fish.ts";
import { zshCompletion } from "./complete-zsh.ts";
import { licencesOf } from "./licences.ts";
import { manPage } from "./man.ts";
import type { Release } from "./release.ts";
import { filesBelow, put, putFile } from "./tree.ts";

/** What every package holds, whatever its architecture and its format; made once. */
export interface Program {
  /** Lays it out below a folder: `lib/sluice`, `share/…`. */
  lay(prefix: string, shares?: { readonly zsh?: string }): Promise<void>;
}

/** Bundles the sources into `folder`, and makes what is generated from them. */
export async function makeProgram(root: string, folder: string, of: Release): Promise<Program> {
  const modules = await bundle(root, folder);
  const commands = commandFacts();
  const man = manPage(commands, of.version, of.seconds);
  const texts = new Map<string, string | Uint8Array>([
    ["share/man/man1/sluice.1.gz", gzipSync(man, { level: 9 })],
    ["share/bash-completion/completions/sluice", bashCompletion(commands)],
    ["share/fish/vendor_completions.d/sluice.fish", fishCompletion(commands)],
    ["share/doc/sluice/LIBRARIES.txt", await licencesOf(modules)],
    ["share/doc/sluice/LICENSE", await readFile(join(root, "LICENSE"))],
    ["share/doc/sluice/CHANGELOG.md", await readFile(join(root, "CHANGELOG.md"))],
    ["share/doc/sluice/sluice.yaml.example", await readFile(join(root, "packaging/sluice.yaml.example"))],
  ]);
  const zsh = zshCompletion(commands);
  const files = await filesBelow(folder);
  return {
    async lay(prefix, { zsh: place = "share/zsh/site-functions" } = {}) {
      for (const file of files) await putFile(prefix, `lib/sluice/${file}`, join(folder, file));
      for (const [path, text] of texts) await put(prefix, path, text);
      await put(prefix, `${place}/_sluice`, zsh);
    },
  };
}
