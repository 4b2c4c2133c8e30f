import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { must } from "../run.ts";
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
  readonly sources: readonly { readonly name: string; readonly version: string }[];
  readonly udebs: readonly PackageSpec[];
  /** Folders of images below `installer-amd64/`. */
  readonly installer: readonly string[];
  /** A folder for built packages. */
  readonly cache: string;
}

export const IMAGES = ["netboot/mini.iso", "cdrom/vmlinuz", "MANIFEST"];

/** An edit that adds all of it below `dists/SUITE` before the Release is made; source packages and udebs lie beside the pool. */
export function addKinds(kinds: AptKinds): NonNullable<AptEdits["folder"]> {
  return async (dists) => {
    const root = join(dists, "../..");
    const main = join(dists, "main");
    await addContents(dists, kinds);
    await put(join(main, "dep11/Components-amd64.yml"), dep11(kinds.packages), ["xz", "gz"]);
    for (const size of ["48x48", "64x64", "128x128"])
      await put(join(main, `dep11/icons-${size}.tar`), `icons of ${size}`.repeat(99), ["gz"]);
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
    ({ name }) =>
      `---\nType: desktop-application\nID: org.example.${name}\nPackage: ${name}\nName:\n  C: ${name}\nSummary:\n  C: A test\n`,
  );
  return [head, ...components].join("");
}

function commands(packages: readonly PackageSpec[]): string {
  const head = "suite: test\ncomponent: main\narch: amd64\n\n";
  return [
    head,
    ...packages.map(({ name, version }) => `name: ${name}\nversion: ${version}\ncommands: ${name}\n\n`),
  ].join("");
}

async function addSource(root: string, { name, version }: AptKinds["sources"][number]): Promise<string> {
  const folder = join(root, "sources", name);
  await mkdir(folder, { recursive: true });
  const plain = version.replace(/^\d+:/, "");
  const tarball = `${name}_${plain}.tar.xz`;
  await writeFile(join(folder, tarball), `the sources of ${name} ${version}`.repeat(50));
  const dsc = `${name}_${plain}.dsc`;
  await writeFile(
    join(folder, dsc),
    `Format: 3.0 (native)\nSource: ${name}\nVersion: ${version}\nFiles:\n${await line(folder, tarball, "md5")}\n`,
  );
  const list = async (algorithm: string): Promise<string> =>
    (await Promise.all([dsc, tarball].map(async (file) => line(folder, file, algorithm)))).join("\n");
  return [
    `Package: ${name}`,
    `Binary: ${name}`,
    `Version: ${version}`,
    "Maintainer: Test <test@example.org>",
    "Architecture: any",
    "Format: 3.0 (native)",
    `Directory: ${relative(root, folder)}`,
    "Section: misc",
    `Files:\n${await list("md5")}`,
    `Checksums-Sha256:\n${await list("sha256")}`,
    "\n",
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
