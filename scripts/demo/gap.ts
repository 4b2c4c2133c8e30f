import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { formatBytes, formatCount } from "../../src/cli/format.ts";
import { run } from "../../test/run.ts";
import { clientFiles } from "./client-files.ts";
import type { SiteIn } from "./demo.ts";
import { hasProgram } from "./host.ts";
import type { Input } from "./input.ts";
import { emptyRoot, type Installed, installOne } from "./install.ts";
import type { Screen } from "./screen.ts";

export interface Carried {
  readonly files: number;
  readonly bytes: number;
  /** Whether the inner site had no network interface at all. */
  readonly isolated: boolean;
  readonly installed: Installed;
}

/**
 * From the site in `folder` to another one, by a bundle: to a package that apt installed there, or, where there is no apt (`architecture` is false), that is there as it
 * was made. Throws at the first thing that is not as it must be.
 */
export async function carryOver(
  screen: Screen,
  site: SiteIn,
  folder: string,
  input: Input,
  mirrors: readonly string[],
  channel: string,
  architecture: string | false,
): Promise<Carried> {
  screen.step("Carry it across an air gap: a bundle of plain files, signed by this site");
  const outer = site(folder);
  const stick = join(folder, "stick");
  await outer.show("export", "--to", stick, "--channel", channel);
  const sizes = new Map<string, number>();
  for (const name of await readdir(stick)) sizes.set(name, (await stat(join(stick, name))).size);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  screen.text(`${formatCount(sizes.size, "file")}, ${formatBytes(bytes)}: ${[...sizes.keys()].join(", ")}`);

  const by = await noNetwork();
  const isolated = by.length > 0;
  screen.step(
    `Another site takes it in${isolated ? ", in a network namespace without interfaces" : ""}, and proves it by keys of its own`,
  );
  if (!isolated)
    screen.notice("Only root can be without any network here: this site merely does not use it.");
  const inside = join(folder, "inner");
  await mkdir(inside);
  const data = join(inside, "data");
  await writeFile(join(inside, "sluice.yaml"), innerConfig(data, input, mirrors));
  screen.text(`SLUICE_CONFIG=${join(inside, "sluice.yaml")}\n\n${innerConfig(data, input, mirrors)}`);
  const key = join(folder, "outer.asc");
  await writeFile(key, (await outer.run("key", "export")).stdout);
  const inner = site(inside, by);
  await inner.show("key", "trust", key, "--yes");
  await inner.show("import", stick);
  await inner.show("list");

  const url = `file://${data}/trees`;
  const done = { files: sizes.size, bytes, isolated };
  if (architecture === false) {
    screen.step("The package is there, as it was made");
    return { ...done, installed: await sameOne(screen, join(data, "trees"), input, mirrors, channel) };
  }
  screen.step(`The real apt-get installs from it there${isolated ? ", without a network too" : ""}`);
  const files = await clientFiles(screen, inner, mirrors, channel, url);
  await using apt = await emptyRoot(screen, inside, architecture, files, by);
  return { ...done, installed: await installOne(screen, apt, input.packages, by) };
}

/** A command that takes all network interfaces from the one that it runs; empty where that cannot be done. */
async function noNetwork(): Promise<readonly string[]> {
  const command = ["unshare", "--net"];
  if (!hasProgram("unshare")) return [];
  return (await run("unshare", ["--net", "true"])).code === 0 ? command : [];
}

/** No upstreams, and the vendor's keys: what the other site says of them does not count. */
function innerConfig(data: string, { mirrors }: Input, names: readonly string[]): string {
  const imports = names.map((name) => {
    const { keyring, "signed-by": signedBy } = mirrors[name] ?? {};
    return [name, { keyring, ...(signedBy === undefined ? {} : { "signed-by": signedBy }) }] as const;
  });
  return stringify({ data, imports: Object.fromEntries(imports) });
}

async function sameOne(
  screen: Screen,
  trees: string,
  { made }: Input,
  [mirror = ""]: readonly string[],
  channel: string,
): Promise<Installed> {
  const [one] = made;
  if (one === undefined) throw new Error("there is nothing to compare");
  const path = join(trees, mirror, channel, one.path);
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  screen.text(`${path}\nSHA-256 ${sha256}`);
  if (sha256 !== one.sha256)
    throw new Error(`the package has another digest than the one made: ${one.sha256}`);
  return one;
}
