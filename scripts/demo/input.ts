import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { demoMirrors, hasProgram, hostCodename, type MirrorEntry, SMALL_PACKAGES } from "./host.ts";
import { makeRepository, serveRepository } from "./repository.ts";
import type { MadePackage } from "./deb.ts";
import type { Screen } from "./screen.ts";
import type { Sluice } from "./sluice.ts";

/** What the demo mirrors: repositories of this host, or one that it made. */
export interface Input extends AsyncDisposable {
  readonly mirrors: Readonly<Record<string, MirrorEntry>>;
  /** Which to install: the first of these that a mirror has. */
  readonly packages: readonly string[];
  /** The packages of a repository that the demo made. */
  readonly made: readonly MadePackage[];
}

/** This host's own repositories, or in a few words why there are none to use. */
export async function hostInput(
  screen: Screen,
  sluice: Sluice,
  folder: string,
  architecture: string,
): Promise<Input | string> {
  if (!hasProgram("apt-get")) return "This host has no apt";
  screen.step("Take over this host's own apt sources and keyring");
  const file = join(folder, "host.yaml");
  const said = await sluice.run("init", "--from-apt", "--output", file, "--data", join(folder, "data"));
  screen.text(said.stdout + said.stderr);
  if (said.code !== 0) return "This host has no apt source that can be mirrored";
  const config = parse(await readFile(file, "utf8")) as { mirrors: Record<string, MirrorEntry> };
  const { mirrors, leftOut } = demoMirrors(config.mirrors, architecture, hostCodename());
  if (Object.keys(mirrors).length === 0) return "This host has no apt source with a component 'main'";
  if (leftOut.length > 0) screen.text(`Not for the demo, to keep it small: ${leftOut.join(", ")}.`);
  return { mirrors, packages: SMALL_PACKAGES, made: [], [Symbol.asyncDispose]: async () => {} };
}

/** A small signed repository on 127.0.0.1, made with Node alone. */
export async function madeInput(screen: Screen, folder: string, architecture: string): Promise<Input> {
  screen.step(
    "Make a small signed repository: three packages, a throwaway key, and a suite that is past its Valid-Until",
  );
  const repository = await makeRepository(architecture);
  const keyring = join(folder, "demo-key.asc");
  await mkdir(folder, { recursive: true });
  await writeFile(keyring, repository.key);
  const served = await serveRepository(repository.files);
  screen.text(
    `${repository.packages.map(({ name, version }) => `${name} ${version}`).join(", ")}\nserved at ${served.url}`,
  );
  const kept = repository.packages.slice(0, 2).map(({ name }) => name);
  const mirrorOf = (suite: string): MirrorEntry => ({
    ecosystem: "apt",
    upstream: served.url,
    suites: [suite],
    components: ["main"],
    architectures: [architecture],
    languages: "none",
    keyring,
    mode: "sparse",
    only: { packages: kept },
  });
  return {
    mirrors: Object.fromEntries(repository.suites.map((suite) => [suite, mirrorOf(suite)])),
    packages: kept,
    made: repository.packages,
    [Symbol.asyncDispose]: async () => await served[Symbol.asyncDispose](),
  };
}
