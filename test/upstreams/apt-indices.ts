import { createHash } from "node:crypto";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must } from "../run.ts";
import type { AptState, Compression, HashField } from "./apt-spec.ts";
import { buildDeb, debName } from "./deb.ts";
import type { PackageSpec } from "./deb.ts";

interface Stanza {
  readonly text: string;
  readonly spec: PackageSpec;
}

const PACKAGE_HASHES: Record<HashField, string> = {
  MD5Sum: "MD5sum",
  SHA1: "SHA1",
  SHA256: "SHA256",
  SHA512: "SHA512",
};

/** Puts the .debs into `root`/pool; each spec's path relative to the root. */
export async function fillPool(
  root: string,
  state: AptState,
  cache: string,
): Promise<Map<string, PackageSpec>> {
  const files = new Map<string, PackageSpec>();
  for (const spec of state.packages) {
    const component = spec.component ?? state.components[0] ?? "main";
    const path = `pool/${component}/${spec.name.slice(0, 1)}/${spec.name}/${debName(spec)}`;
    if (files.has(path)) throw new Error(`two packages are ${path}`);
    files.set(path, spec);
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(await buildDeb(spec, cache), join(root, path));
  }
  return files;
}

/** Writes Packages, Translation and the small Release files of one suite, in all their forms, below `dists/SUITE`. */
export async function writeIndices(
  root: string,
  suite: string,
  state: AptState,
  pool: ReadonlyMap<string, PackageSpec>,
): Promise<void> {
  const stanzas = await scanPool(root, state, pool);
  const dists = join(root, "dists", suite);
  for (const component of state.components) {
    // Security suites say `updates/main` in Components, and keep the indices under `main`.
    const folder = component.slice(component.lastIndexOf("/") + 1);
    const here = stanzas.filter(
      ({ spec }) =>
        (spec.component ?? state.components[0]) === component && (spec.suites?.includes(suite) ?? true),
    );
    const arches = [...state.architectures, ...(state.binaryAll ? ["all"] : [])];
    for (const arch of arches) {
      const listed = here.filter(
        ({ spec }) => (spec.arch ?? "amd64") === arch || (spec.arch === "all" && arch !== "all"),
      );
      const plain = listed.map(({ text }) => indexStanza(text, state)).join("");
      const text = state.edit.packages?.(plain, { suite, component, arch }) ?? plain;
      await writeForms(join(dists, folder, `binary-${arch}`, "Packages"), text, state);
      if (state.perArchRelease) {
        const fields = {
          ...state.fields(suite),
          Component: folder,
          Architecture: arch,
          "Acquire-By-Hash": "yes",
        };
        await writeFile(
          join(dists, folder, `binary-${arch}`, "Release"),
          Object.entries(fields)
            .map(([name, value]) => `${name}: ${value}\n`)
            .join(""),
        );
      }
    }
    for (const language of state.translations) {
      const text = here.map((stanza) => translation(stanza.text, language)).join("");
      await writeForms(join(dists, folder, "i18n", `Translation-${language}`), text, state);
    }
  }
}

/** Removes the plain indices where Release lists them but the server has none. */
export async function dropPlain(dists: string, state: AptState): Promise<void> {
  if (state.plain !== "listed") return;
  await must("find", [
    dists,
    "-type",
    "f",
    "(",
    "-name",
    "Packages",
    "-o",
    "-name",
    "Translation-??",
    ")",
    "-delete",
  ]);
}

async function scanPool(
  root: string,
  state: AptState,
  pool: ReadonlyMap<string, PackageSpec>,
): Promise<Stanza[]> {
  if (pool.size === 0) return [];
  const text = await must("apt-ftparchive", ["packages", "pool"], { cwd: root });
  const stanzas: Stanza[] = [];
  for (const raw of text.split("\n\n")) {
    const path = /^Filename: (.+)$/m.exec(raw)?.[1];
    const spec = path === undefined ? undefined : pool.get(path);
    // The pool may still hold packages of older states.
    if (spec === undefined) continue;
    stanzas.push({ text: `${keepHashes(raw.trimEnd(), state.hashes)}\n\n`, spec });
  }
  if (stanzas.length !== pool.size)
    throw new Error(`apt-ftparchive listed ${stanzas.length} of ${pool.size} packages`);
  return stanzas;
}

function keepHashes(stanza: string, hashes: readonly HashField[]): string {
  const drop = Object.entries(PACKAGE_HASHES)
    .filter(([field]) => !hashes.some((hash) => hash === field))
    .map(([, name]) => name);
  return stanza
    .split("\n")
    .filter((line) => !drop.some((name) => line.startsWith(`${name}: `)))
    .join("\n");
}

const DESCRIPTION = /^Description: .*(?:\n .*)*/m;

// The md5 is over the description's value with its final newline, as dpkg's tools and apt compute it.
function descriptionMd5(description: string): string {
  return createHash("md5")
    .update(`${description.slice("Description: ".length)}\n`)
    .digest("hex");
}

function indexStanza(stanza: string, state: AptState): string {
  const description = DESCRIPTION.exec(stanza)?.[0];
  if (state.longDescriptions || description === undefined) return stanza;
  const first = description.split("\n")[0] ?? "";
  return stanza.replace(DESCRIPTION, `${first}\nDescription-md5: ${descriptionMd5(description)}`);
}

function translation(stanza: string, language: string): string {
  const name = /^Package: (.+)$/m.exec(stanza)?.[1] ?? "";
  const description = DESCRIPTION.exec(stanza)?.[0] ?? "";
  const text = description.replace("Description:", `Description-${language}:`);
  return `Package: ${name}\nDescription-md5: ${descriptionMd5(description)}\n${text}\n\n`;
}

async function writeForms(path: string, text: string, state: AptState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  for (const form of state.compressions) await compress(path, form);
}

/** Makes `path.FORM` beside the file, with the ecosystem's own tool. */
export async function compress(path: string, form: Compression): Promise<void> {
  const tools: Record<Compression, readonly string[]> = {
    xz: ["xz", "-k", "-f", "-q"],
    gz: ["gzip", "-n", "-k", "-f", "-q"],
    bz2: ["bzip2", "-k", "-f", "-q"],
    zst: ["zstd", "-k", "-f", "-q"],
    lz4: ["lz4", "-k", "-f", "-q"],
  };
  const [tool, ...args] = tools[form];
  if (tool === undefined) throw new Error(form);
  await must(tool, form === "lz4" ? [...args, path, `${path}.lz4`] : [...args, path]);
}
