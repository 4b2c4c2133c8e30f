import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** The licences of the libraries that these modules are of, in one text. */
export async function licencesOf(modules: readonly string[]): Promise<string> {
  const folders = new Set(
    modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
  );
  const texts = await Promise.all([...folders].toSorted().map(licenceOf));
  return `Sluice contains these libraries.\n\n${texts.join("\n")}`;
}

async function licenceOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  const texts = await Promise.all(
    names.toSorted().map(async (name) => await readFile(join(folder, name), "utf8")),
  );
  if (manifest.license === undefined && texts.length === 0)
    throw new Error(`${folder} does not say under which licence it is: it cannot be passed on.`);
  const title = `${manifest.name} ${manifest.version} (${manifest.license ?? "see below"})`;
  return `${title}\n${"=".repeat(title.length)}\n\n${texts.map((text) => `${text.trim()}\n`).join("\n")}`;
}
