import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { must } from "../run.ts";
import { removeFolder } from "../temp.ts";
import { compress } from "./apt-indices.ts";
import type { AptEdits, Compression } from "./apt-spec.ts";
import { buildDeb, payloadPath } from "./deb.ts";
import type { PackageSpec } from "./deb.ts";

/** What an archive has besides Packages and Translations; all in the component `main`. */
export interface AptKinds {
  /** The packages whose files Contents lists. */
  readonly packages: readonly PackageSpec[];
  /** Contents as Debian has them, one a component and architecture, or as Ubuntu does, one for all components. */
  readonly contents: "debian" | "ubuntu";
  readonly sources: readonly SourceSpec[];
  readonly udebs: readonly PackageSpec[];
  /** Folders of images below `installer-amd64/`. */
  readonly installer: readonly string[];
  /** A folder for built packages. */
  readonly cache: string;
}

export interface SourceSpec {
  readonly name: string;
  readonly version: string;
  readonly buildDepends?: string | undefined;
}

export const IMAGES = ["netboot/mini.iso", "cdrom/vmlinuz", "MANIFEST"];

/** An edit that adds all of it below `dists/SUITE` before the Release is made; source packages and udebs lie beside the pool. */
export function addKinds(kinds: AptKinds): NonNullable<AptEdits["folder"]> {
  return async (dists) => {
    const root = join(dists, "../..");
    const main = join(dists, "main");
    await addContents(dists, kinds);
    await put(join(main, "dep11/Components-amd64.yml"), dep11(kinds.packages), ["xz", "gz"]);
    for (const size of [48, 64, 128]) await addIcons(join(main, "dep11"), size, kinds);
    await put(join(main, "cnf/Commands-amd64"), commands(kinds.packages), ["xz"]);
    const sources = await Promise.all(kinds.sources.map(async (source) => addSource(root, source)));
    await put(join(main, "source/Sources"), sources.join(""), ["xz", "gz"]);
    await put(join(main, "source/Release"), "Component: main\nArchitecture: source\n", []);
    const udebs = await Promise.all(kinds.udebs.map(async (spec) => addUdeb(root, spec, kinds.cache)));
    await put(join(main, "debian-installer/binary-amd64/Packages"), udebs.join(""), ["xz", "gz"]);
    for (const folder of kinds.installer) await addImages(join(main, "installer-amd64", folder));
  };
}

async function put(path: string, text: string, forms: readonly Compression[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  for (const form of forms) await compress(path, form);
}

async function addContents(dists: string, { contents, packages }: AptKinds): Promise<void> {
  const lines = (arch: string): string =>
    packages
      .filter((spec) => contents === "ubuntu" || (spec.arch ?? "amd64") === arch)
      .map((spec) => `${payloadPath(spec.name).padEnd(60)} ${spec.section ?? "misc"}/${spec.name}\n`)
      .join("");
  if (contents === "ubuntu") return put(join(dists, "Contents-amd64"), lines("amd64"), ["gz"]);
  for (const arch of ["amd64", "arm64", "all"])
    await put(join(dists, `main/Contents-${arch}`), lines(arch), ["gz"]);
  await put(join(dists, "main/Contents-source"), "debian/rules base\n", ["gz"]);
  await put(join(dists, "main/Contents-udeb-amd64"), "bin/sh debian-installer/busybox\n", ["gz"]);
}

function dep11(packages: readonly PackageSpec[]): string {
  const head = "---\nFile: DEP-11\nVersion: '1.0'\nOrigin: test\n";
  const components = packages.map(
    ({ name }) => `---
Type: desktop-application
ID: org.example.${name}
Package: ${name}
Name:
  C: ${name}
Summary:
  C: A test
Categories: [Utility]
Icon:
  cached:
  - {name: ${name}.png, width: 64, height: 64}
`,
  );
  return [head, ...components].join("");
}

/** Same files, same bytes, whenever it is made: each suite makes its own. */
const SAME_TAR = ["--create", "--sort=name", "--mtime=@1700000000", "--owner=0", "--group=0"];

/** One pixel, of which nobody measures that it is one. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async function addIcons(folder: string, size: number, { packages, cache }: AptKinds): Promise<void> {
  const icons = join(cache, `icons-${size}`);
  await mkdir(icons, { recursive: true });
  // What follows the image makes each size a file of its own.
  const image = Buffer.concat([Buffer.from(PNG, "base64"), Buffer.from(String(size))]);
  for (const { name } of packages) await writeFile(join(icons, `${name}.png`), image);
  const tar = join(folder, `icons-${size}x${size}.tar`);
  await must("tar", [...SAME_TAR, "--file", tar, "--directory", icons, "."]);
  await compress(tar, "gz");
}

function commands(packages: readonly PackageSpec[]): string {
  const head = "suite: test\ncomponent: main\narch: amd64\n\n";
  return [
    head,
    ...packages.map(({ name, version }) => `name: ${name}\nversion: ${version}\ncommands: ${name}\n\n`),
  ].join("");
}

// What dpkg-source unpacks: a tarball whose folder it renames, and what builds it needs.
async function addSource(root: string, spec: SourceSpec): Promise<string> {
  const { name, version, buildDepends } = spec;
  const folder = join(root, "sources", name);
  const plain = version.replace(/^\d+:/, "");
  const tree = join(folder, name);
  await mkdir(join(tree, "debian"), { recursive: true });
  await writeFile(join(tree, "debian/rules"), `# the rules of ${name} ${version}\n`);
  const tarball = `${name}_${plain}.tar.xz`;
  const path = join(folder, tarball);
  await must("tar", [...SAME_TAR, "--xz", "--file", path, "--directory", folder, name]);
  await removeFolder(tree);
  const head = [
    `Binary: ${name}`,
    `Version: ${version}`,
    "Maintainer: Test <test@example.org>",
    "Architecture: any",
    "Format: 3.0 (native)",
    ...(buildDepends === undefined ? [] : [`Build-Depends: ${buildDepends}`]),
  ];
  const dsc = `${name}_${plain}.dsc`;
  const lists = async (files: readonly string[]): Promise<string[]> => {
    const list = async (algorithm: string): Promise<string> =>
      (await Promise.all(files.map(async (file) => line(folder, file, algorithm)))).join("\n");
    return [`Files:\n${await list("md5")}`, `Checksums-Sha256:\n${await list("sha256")}`, ""];
  };
  await writeFile(join(folder, dsc), [`Source: ${name}`, ...head, ...(await lists([tarball]))].join("\n"));
  return [
    `Package: ${name}`,
    ...head,
    `Directory: ${relative(root, folder)}`,
    "Section: misc",
    ...(await lists([dsc, tarball])),
    "",
  ].join("\n");
}

async function line(folder: string, file: string, algorithm: string): Promise<string> {
  const bytes = await readFile(join(folder, file));
  return ` ${createHash(algorithm).update(bytes).digest("hex")} ${bytes.length} ${file}`;
}

async function addUdeb(root: string, spec: PackageSpec, cache: string): Promise<string> {
  const path = join(root, "udebs", `${spec.name}.udeb`);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(await buildDeb({ ...spec, section: "debian-installer" }, cache), path);
  const control = await must("dpkg-deb", ["--field", path]);
  const bytes = await readFile(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return `${control.trimEnd()}\nFilename: ${relative(root, path)}\nSize: ${bytes.length}\nSHA256: ${sha256}\n\n`;
}

async function addImages(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of IMAGES) {
    const text = `${name} of ${folder.split("/").slice(-2).join(" ")}`.repeat(2000);
    await put(join(folder, name), text, []);
    lines.push(`${createHash("sha256").update(text).digest("hex")}  ./${name}\n`);
  }
  await writeFile(join(folder, "SHA256SUMS"), lines.join(""));
}
