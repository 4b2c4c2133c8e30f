import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AptClient, aptClient, type AptRan } from "../../test/clients/apt.ts";
import type { MadePackage } from "./deb.ts";
import type { Screen } from "./screen.ts";

/** A file of `sluice client --json`. */
export interface ClientFile {
  readonly path: string;
  readonly content: string;
}

export interface Installed {
  readonly name: string;
  readonly version: string;
}

/** An apt of its own: a root with nothing in it, and the files that Sluice says a client needs. */
export async function emptyRoot(
  screen: Screen,
  folder: string,
  architecture: string,
  files: readonly ClientFile[],
  by: readonly string[] = [],
): Promise<AptClient> {
  const root = join(folder, "root");
  const apt = await aptClient({ root, architecture, languages: "none", by });
  const written = files.filter(({ path }) => path.startsWith("/etc/apt/"));
  await apt.write(written);
  screen.text(`An empty root, ${root}, with a configuration of its own and:`);
  for (const { path } of written) screen.text(`  ${path}`);
  return apt;
}

/** Updates, and installs the first of the packages that apt finds. Throws where apt fails or warns. */
export async function installOne(
  screen: Screen,
  apt: AptClient,
  packages: readonly string[],
  by: readonly string[] = [],
): Promise<Installed> {
  const variable = `APT_CONFIG=${join(apt.root, "apt.conf")}`;
  const aptGet = [variable, ...by, "apt-get"].join(" ");
  screen.command(`${aptGet} update`);
  finished(screen, await apt.update());
  for (const name of packages) {
    if ((await apt.candidate(name)) === "(none)") continue;
    screen.command(`${aptGet} install ${name}`);
    finished(screen, await apt.install(name));
    return { name, version: await proof(screen, apt, name) };
  }
  throw new Error(`apt offers none of ${packages.join(", ")}`);
}

function finished(screen: Screen, ran: AptRan): void {
  screen.text(ran.stdout + ran.stderr);
  if (ran.code !== 0) throw new Error(`apt-get ended with status ${ran.code ?? ran.signal}`);
  if (ran.complaints.length > 0) throw new Error(`apt-get warned: ${ran.complaints.join(" ")}`);
}

/** What dpkg says of the package in the root, and one file of it. */
async function proof(screen: Screen, apt: AptClient, name: string): Promise<string> {
  const version = (await apt.installed())[name];
  if (version === undefined) throw new Error(`dpkg does not say that ${name} is installed`);
  screen.text(`dpkg's status in that root: ${name} ${version}, install ok installed`);
  const list = await readFile(join(apt.root, `var/lib/dpkg/info/${name}.list`), "utf8");
  for (const path of list
    .split("\n")
    .filter((line) => line.length > 2)
    .toReversed()) {
    const found = await stat(join(apt.root, path));
    if (!found.isFile()) continue;
    screen.text(`a file of it in that root: ${path}, ${found.size} bytes`);
    return version;
  }
  throw new Error(`no file of ${name} is in the root`);
}

/** Where there is no apt: fetches the package through Sluice and compares it with the one that was made. */
export async function fetchOne(screen: Screen, url: string, one: MadePackage): Promise<Installed> {
  const address = `${url}/${one.path.replaceAll(/[^A-Za-z0-9/._-]/g, encodeURIComponent)}`;
  screen.command(`curl -O ${address}`);
  const answer = await fetch(address);
  const sha256 = createHash("sha256")
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest("hex");
  screen.text(`${answer.status}, SHA-256 ${sha256}`);
  if (sha256 !== one.sha256)
    throw new Error(`the package has another digest than the one made: ${one.sha256}`);
  return one;
}
