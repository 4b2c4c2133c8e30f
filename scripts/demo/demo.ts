import { setTimeout } from "node:timers/promises";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Document, visit } from "yaml";
import { formatBytes, formatCount } from "../../src/cli/format.ts";
import type { SyncResult } from "../../src/sync/sync.ts";
import { hasProgram, hostArchitecture } from "./host.ts";
import { hostInput, type Input, madeInput } from "./input.ts";
import { clientFiles } from "./client-files.ts";
import { type Carried, carryOver } from "./gap.ts";
import { emptyRoot, fetchOne, type Installed, installOne } from "./install.ts";
import type { Screen } from "./screen.ts";
import type { Sluice } from "./sluice.ts";

/** The site whose config is in a folder, and what its commands are run by. */
export type SiteIn = (folder: string, by?: readonly string[]) => Sluice;

export interface Proven {
  readonly synced: readonly SyncResult[];
  readonly skipped: readonly SyncResult[];
  readonly installed: Installed;
  readonly carried: Carried;
  readonly byApt: boolean;
  readonly real: boolean;
}

/** Failures of this host or of Sluice itself. All others are the upstream's: refused, said so, and the demo goes on without that suite. */
const OWN_FAULTS: ReadonlySet<string> = new Set([
  "internal",
  "store_unusable",
  "disk_full",
  "locked",
  "ref_corrupt",
  "ref_conflict",
  "blob_missing",
  "blob_corrupt",
  "manifest_invalid",
]);

const CHANNEL = "stable";

/** From sources and keyring to an installed package; throws at the first thing that is not as it must be. */
export async function demo(
  screen: Screen,
  site: SiteIn,
  folder: string,
  options: { readonly made: boolean },
): Promise<Proven> {
  const sluice = site(folder);
  const architecture = await hostArchitecture();
  let why = "As asked by --made";
  if (!options.made) {
    const input = await hostInput(screen, sluice, folder, architecture);
    if (typeof input === "string") why = input;
    else {
      const outcome = await mirrorAndInstall(screen, site, folder, input, architecture);
      if (typeof outcome !== "string") return outcome;
      why = outcome;
    }
  }
  screen.notice(`${why}: the demo goes on with a small signed repository that it makes itself.`);
  await using input = await madeInput(screen, folder, architecture);
  const outcome = await mirrorAndInstall(screen, site, folder, input, architecture);
  if (typeof outcome === "string") throw new Error(outcome);
  return outcome;
}

/** A string says why nothing could be mirrored although nothing is wrong. */
async function mirrorAndInstall(
  screen: Screen,
  site: SiteIn,
  folder: string,
  input: Input,
  architecture: string,
): Promise<Proven | string> {
  const sluice = site(folder);
  screen.step(
    "Write the config of the demo: a handful of packages, their signed metadata whole (mode sparse)",
  );
  await writeConfig(screen, folder, input);

  screen.step("Sync: fetch, prove every byte from the vendor's key down, keep a snapshot");
  const results = await sluice.sync();
  const synced = results.filter(({ result }) => result === "updated");
  const skipped = results.filter(({ result }) => result === "failed");
  for (const one of synced)
    screen.text(
      `${one.mirror}: snapshot ${one.snapshot}, ${formatCount(one.fetchedFiles, "file")}, ${formatBytes(one.fetchedBytes)}, ${formatCount(one.requests, "request")}, ${one.seconds.toFixed(1)} s`,
    );
  for (const one of skipped)
    screen.notice(`${one.mirror} is skipped [${one.error?.code}]: ${one.error?.message}`);
  if (skipped.length > 0) screen.text("What cannot be proven is refused; the demo goes on without it.");
  const own = skipped.find(({ error }) => OWN_FAULTS.has(error?.code ?? "internal"));
  if (own !== undefined) throw new Error(`${own.mirror} cannot be synced: ${own.error?.message}`);
  if (synced.length === 0) return "Nothing could be mirrored, see above";
  const mirrors = synced.map(({ mirror }) => mirror);

  screen.step("See who signed it");
  for (const mirror of mirrors) await sluice.show("show", mirror);

  screen.step("Verify it again, from the key to the last byte, without the network");
  await sluice.show("verify");

  screen.step(`Promote what was tried to the channel '${CHANNEL}'`);
  await sluice.show("promote", "latest", CHANNEL, "--yes");

  const byApt = hasProgram("apt-get");
  screen.step(
    byApt ? "Serve it, and let the real apt-get install from it" : "Serve it, and fetch a package from it",
  );
  const log = join(folder, "access.log");
  await using server = await sluice.serve(log);
  screen.text(`listening at ${server.url}`);
  let installed: Installed;
  if (byApt) {
    const files = await clientFiles(screen, sluice, mirrors, CHANNEL, server.url);
    await using apt = await emptyRoot(screen, folder, architecture, files);
    installed = await installOne(screen, apt, input.packages);
  } else {
    const [one] = input.made;
    if (one === undefined) throw new Error("there is nothing to fetch");
    installed = await fetchOne(screen, `${server.url}/${mirrors[0]}/${CHANNEL}`, one);
  }
  screen.text("Sluice's access log of the package:");
  screen.text(await served(log));
  const carried = await carryOver(screen, site, folder, input, mirrors, CHANNEL, byApt && architecture);
  return { synced, skipped, installed, carried, byApt, real: input.made.length === 0 };
}

async function writeConfig(screen: Screen, folder: string, input: Input): Promise<void> {
  const config = new Document(
    { data: join(folder, "data"), mirrors: input.mirrors },
    { aliasDuplicateObjects: false },
  );
  visit(config, { Seq: (_key, node) => void (node.flow = true) });
  const text = config.toString({ lineWidth: 0, flowCollectionPadding: false });
  await writeFile(join(folder, "sluice.yaml"), text);
  const [, first = "", ...others] = text.split(/^(?=  \S)/m);
  screen.text(
    `SLUICE_CONFIG=${join(folder, "sluice.yaml")}\n\n${text.slice(0, text.indexOf(first))}${first}`,
  );
  const names = others.map((mirror) => mirror.slice(0, mirror.indexOf(":")).trim());
  if (names.length > 0) screen.text(`\nand the same for ${names.join(", ")}`);
}

/** The server's own lines about packages: that they came through it and from nowhere else. */
async function served(log: string): Promise<string> {
  const packages = async (): Promise<string[]> =>
    (await readFile(log, "utf8")).split("\n").filter((line) => / \S+\.deb /.test(line));
  let lines = await packages();
  // The line is written when the answer is over, a moment after the client has it.
  for (let wait = 0; lines.length === 0 && wait < 50; wait++) {
    await setTimeout(100);
    lines = await packages();
  }
  if (lines.length === 0) throw new Error("the server's access log has no line about the package");
  return lines.join("\n");
}
