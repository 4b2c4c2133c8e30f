import { createHash } from "node:crypto";
import { access, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isInstalled } from "../../test/needs.ts";
import { must } from "../../test/run.ts";
import { readLock } from "../lock.ts";
import { type Arch, NAMES } from "./arch.ts";

export interface NodeBinary {
  /** The program, without its symbols where a `strip` for it is here. */
  readonly program: string;
  readonly stripped: boolean;
  readonly licence: string;
}

/** The Node that package-lock.json names for this architecture, in a folder; from node_modules, or the registry where it is another machine's. */
export async function nodeBinary(root: string, arch: Arch, folder: string): Promise<NodeBinary> {
  const names = NAMES[arch];
  const installed = join(root, "node_modules", names.node);
  await mkdir(folder, { recursive: true });
  const isHere = await access(join(installed, "bin/node")).then(
    () => true,
    () => false,
  );
  const from = isHere ? installed : await fetched(root, names.node, folder);
  const program = join(folder, "node");
  const strips = [names.strip, ...(process.arch === names.host ? ["strip"] : [])];
  const strip = strips.find(isInstalled);
  if (strip !== undefined) await must(strip, ["-o", program, join(from, "bin/node")]);
  else await copyFile(join(from, "bin/node"), program);
  return { program, stripped: strip !== undefined, licence: join(from, "LICENSE") };
}

/** The folder of the package as npm has it; its digest must be the one in package-lock.json. */
async function fetched(root: string, name: string, folder: string): Promise<string> {
  const { version, integrity } = readLock().packages[`node_modules/${name}`] ?? {};
  const [, wanted] = /^sha512-(\S+)$/.exec(integrity ?? "") ?? [];
  if (version === undefined || wanted === undefined)
    throw new Error(`package-lock.json has no ${name} with a digest: run npm install --package-lock-only.`);
  // With the developer's own settings: they say which registry.
  const env = Object.fromEntries(
    Object.entries(process.env).map(([key, value]) => [key, value ?? ""] as const),
  );
  await must("npm", ["pack", "--silent", `${name}@${version}`, "--pack-destination", folder], {
    cwd: root,
    env,
  });
  const archive = join(folder, `${name}-${version}.tgz`);
  const found = createHash("sha512")
    .update(await readFile(archive))
    .digest("base64");
  if (found !== wanted) throw new Error(`${name} ${version} is not the one that package-lock.json names.`);
  await must("tar", ["-xf", archive, "-C", folder, "package/bin/node", "package/LICENSE"]);
  return join(folder, "package");
}
