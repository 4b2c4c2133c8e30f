import { mkdir, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { must } from "../run.ts";

export interface PackageSpec {
  readonly name: string;
  /** With epoch and revision, as dpkg takes it. */
  readonly version: string;
  /** `amd64` by default; may be `all`. */
  readonly arch?: string | undefined;
  readonly section?: string | undefined;
  readonly priority?: string | undefined;
  readonly depends?: string | undefined;
  /** The first component of the repository, by default. */
  readonly component?: string | undefined;
  /** The suites that list it: all, by default. */
  readonly suites?: readonly string[] | undefined;
  /** Bytes of random payload, so that the .deb is at least so large. */
  readonly sizeBytes?: number | undefined;
}

/** The name of the file in the pool; as everywhere in Debian, without the epoch. */
export function debName(spec: PackageSpec): string {
  return `${spec.name}_${spec.version.replace(/^\d+:/, "")}_${spec.arch ?? "amd64"}.deb`;
}

/** The one file that the package installs, relative to the root. */
export function payloadPath(name: string): string {
  return `usr/share/${name}/version`;
}

const built = new Map<string, Promise<string>>();

/** The .deb of a package, built once in a process: a path in `cache`. Same spec, same bytes. */
export async function buildDeb(spec: PackageSpec, cache: string): Promise<string> {
  const key = JSON.stringify([
    cache,
    spec.name,
    spec.version,
    spec.arch,
    spec.section,
    spec.priority,
    spec.depends,
    spec.sizeBytes,
  ]);
  let path = built.get(key);
  if (path === undefined) {
    path = build(spec, join(cache, String(built.size)));
    built.set(key, path);
  }
  return await path;
}

async function build(spec: PackageSpec, folder: string): Promise<string> {
  const tree = join(folder, "tree");
  const payload = join(tree, payloadPath(spec.name));
  await mkdir(dirname(payload), { recursive: true });
  await mkdir(join(tree, "DEBIAN"));
  await writeFile(payload, `${spec.version}\n`);
  if (spec.sizeBytes !== undefined)
    await writeFile(join(dirname(payload), "payload"), randomBytes(spec.sizeBytes));
  const fields = [
    `Package: ${spec.name}`,
    `Version: ${spec.version}`,
    `Architecture: ${spec.arch ?? "amd64"}`,
    "Maintainer: Test <test@example.org>",
    `Section: ${spec.section ?? "misc"}`,
    `Priority: ${spec.priority ?? "optional"}`,
    ...(spec.depends === undefined ? [] : [`Depends: ${spec.depends}`]),
    `Description: the test package ${spec.name}`,
    ` Long text about ${spec.name}, with a second line:`,
    " .",
    " that is all.",
  ];
  await writeFile(join(tree, "DEBIAN/control"), `${fields.join("\n")}\n`);
  const path = join(folder, debName(spec));
  await must("dpkg-deb", ["--root-owner-group", "-Zxz", "-z1", "--build", tree, path], {
    env: { SOURCE_DATE_EPOCH: "1700000000" },
  });
  return path;
}
