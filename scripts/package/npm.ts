import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Program } from "./program.ts";
import type { Release } from "./release.ts";
import { tarred } from "./tarball.ts";
import { put } from "./tree.ts";

/** `sluice-VERSION.tgz`, as `npm pack` names it: for hosts that have Node. It needs no other package. Gives its path. */
export async function makeNpm(
  root: string,
  work: string,
  to: string,
  of: Release,
  program: Program,
): Promise<string> {
  // npm wants this name.
  const folder = join(work, "package");
  const { name, version, description, license, engines } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  const manifest = {
    name,
    version,
    description,
    license,
    engines,
    type: "module",
    bin: { sluice: "bin/sluice.mjs" },
    man: "share/man/man1/sluice.1.gz",
  };
  await program.lay(folder);
  await put(folder, "package.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
  await put(folder, "bin/sluice.mjs", await readFile(join(root, "packaging/npm-launcher.mjs")), 0o755);
  await put(folder, "README.md", `# Sluice\n\n${of.summary}.\n`);
  const archive = join(to, `sluice-${of.version}.tgz`);
  await tarred(folder, archive, "gzip -9 --no-name", of);
  return archive;
}
