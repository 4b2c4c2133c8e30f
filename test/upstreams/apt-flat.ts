import { createHash } from "node:crypto";
import { copyFile, link, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { compress } from "./apt-indices.ts";
import { MORE_FILES, releaseDate } from "./apt-release.ts";
import { buildDeb, debName } from "./deb.ts";
import type { PackageSpec } from "./deb.ts";
import type { KeyStore, SigningKey } from "./gpg.ts";

export interface FlatOptions {
  readonly packages: readonly PackageSpec[];
  readonly signWith: readonly SigningKey[];
  /** As the suite of the source, with its final slash: `./`, `noble/`. */
  readonly suite: string;
  /** Fields of Release besides Date and the lists; none by default. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly byHash?: boolean | undefined;
  /** False: the Release has no Date. */
  readonly dated?: boolean | undefined;
  readonly hashes?: readonly string[] | undefined;
  /** The name of a package's file, relative to the base; in the suite's folder by default. */
  readonly fileName?: ((spec: PackageSpec) => string) | undefined;
  /** Changes Packages before it is hashed. */
  readonly edit?: ((packages: string) => string) | undefined;
  /** Further files of the suite's folder, listed in Release. */
  readonly more?: Readonly<Record<string, string>> | undefined;
  /** Further lines of the Release, at its end. */
  readonly tail?: string | undefined;
}

export interface FlatRepository extends AsyncDisposable {
  readonly root: string;
}

/** A signed repository without `dists/`, as vendors make it by apt-ftparchive: Packages and Release side by side. */
export async function flatRepository(keys: KeyStore, options: FlatOptions): Promise<FlatRepository> {
  const home = await tempFolder("flat");
  const root = join(home, "root");
  const folder = join(root, options.suite);
  await mkdir(folder, { recursive: true });
  for (const spec of options.packages) {
    const path = join(root, options.fileName?.(spec) ?? join(options.suite, debName(spec)));
    await mkdir(dirname(path), { recursive: true });
    await copyFile(await buildDeb(spec, join(home, "debs")), path);
  }
  const scanned = await must("apt-ftparchive", ["packages", "."], { cwd: root });
  await writeFile(join(folder, "Packages"), options.edit?.(scanned) ?? scanned);
  for (const form of ["xz", "gz"] as const) await compress(join(folder, "Packages"), form);
  for (const [name, text] of Object.entries(options.more ?? {})) await writeFile(join(folder, name), text);
  const text = await release(folder, options);
  await writeFile(join(folder, "Release"), text);
  await writeFile(join(folder, "Release.gpg"), await keys.detachSign(text, options.signWith));
  await writeFile(join(folder, "InRelease"), await keys.clearSign(text, options.signWith));
  return {
    root,
    async [Symbol.asyncDispose]() {
      await removeFolder(home);
    },
  };
}

async function release(folder: string, options: FlatOptions): Promise<string> {
  const { hashes = ["SHA256"], fields = {}, byHash = false, dated = true, more = {}, tail = "" } = options;
  const lists = await must("apt-ftparchive", [
    ...MORE_FILES,
    ...["Contents-*", ...Object.keys(more)].flatMap((pattern) => [
      "-o",
      `APT::FTPArchive::Release::Patterns::=${pattern}`,
    ]),
    "release",
    folder,
  ]);
  const head = {
    ...fields,
    ...(dated && { Date: releaseDate(Math.floor(Date.now() / 1000) * 1000 - 3_600_000, false) }),
    ...(byHash && { "Acquire-By-Hash": "yes" }),
  };
  const kept = lists
    .split(/^(?=\S)/m)
    .filter((block) => hashes.some((name) => block.startsWith(`${name}:`)))
    .map((block) => block.replaceAll(/^ .* Release$\n/gm, ""))
    .join("");
  if (byHash) await addByHash(folder, kept);
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\n`);
  return `${lines.join("")}${kept}${tail}`;
}

async function addByHash(folder: string, lists: string): Promise<void> {
  for (const [, name = ""] of lists.matchAll(/^ [0-9a-f]{64} +\d+ (\S+)$/gm)) {
    const hex = createHash("sha256")
      .update(await readFile(join(folder, name)))
      .digest("hex");
    await mkdir(join(folder, "by-hash/SHA256"), { recursive: true });
    await link(join(folder, name), join(folder, "by-hash/SHA256", hex));
  }
}
