import { resolve } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import type { Emit } from "../../base/events.ts";
import type { Site } from "../../channel/site.ts";
import { secretOf } from "../../config/site-keys.ts";
import { mostSimilar } from "../../config/similar.ts";
import type { Config, RemoteSiteConfig } from "../../config/types.ts";
import { createNetwork, type Network } from "../../sync/network.ts";
import { parallelism } from "../../sync/sync.ts";
import { siteSource } from "../../transfer/site-source.ts";
import { readConfig, type Context } from "../context.ts";
import { favourMemory } from "../memory.ts";
import { createProgress } from "../progress.ts";
import { withSite } from "../site.ts";
import { importOne, type ImportOptions } from "./import.ts";

export interface PullOptions extends ImportOptions {
  readonly tokenEnv?: string;
  readonly tokenFile?: string;
}

/** `sluice pull [SITE|URL…]`: takes in over HTTP what other sites have. */
export async function pull(context: Context, names: readonly string[], options: PullOptions): Promise<void> {
  favourMemory();
  const config = await readConfig(context);
  const sites = chosenSites(config, names).map((remote) => withToken(remote, options));
  const network = createNetwork(config.network);
  const progress = createProgress(context.io, context.options);
  await withSite(context, config, async (site) => {
    for (const remote of sites) await pullOne(context, config, site, remote, network, options, progress.emit);
  });
  progress.done();
}

async function pullOne(
  context: Context,
  config: Config,
  site: Site,
  remote: RemoteSiteConfig,
  network: Network,
  options: PullOptions,
  emit: Emit,
): Promise<void> {
  const { channel = remote.channels, mirror = remote.mirrors } = options;
  const wanted: ImportOptions = { ...options, ...(channel && { channel }), ...(mirror && { mirror }) };
  const owner = nameOf(remote);
  await using opened = new AsyncDisposableStack();
  const open = async () => {
    const [transport] = await network.open({ ...remote, upstream: [remote.url], owner }, emit);
    if (transport === undefined) throw new SluiceError("internal", `${owner} has no URL.`);
    opened.defer(async () => transport.close());
    const selection = { channels: channel, mirrors: mirror };
    const address = { name: owner, transport, lanes: parallelism(remote) };
    return siteSource(site, address, selection, { emit, signal: context.signal });
  };
  await importOne(context, config, site, owner, open, wanted, emit);
}

/** The sites that are named, by name or URL, or all of the config. Throws usage. */
function chosenSites({ file, sites }: Config, names: readonly string[]): readonly RemoteSiteConfig[] {
  if (names.length === 0 && sites.length === 0)
    throw new SluiceError(
      "usage",
      `Say which site to pull from: its URL, or a name under \`sites:\` in ${file}.`,
    );
  if (names.length === 0) return sites;
  return [...new Set(names)].map((name) => {
    const url = name.replace(/\/+$/, "");
    const known = sites.find((site) => site.name === name || site.url === url);
    if (known !== undefined) return known;
    if (/^https?:\/\//i.test(name)) return unnamed(name);
    const near = mostSimilar(
      name,
      sites.map((site) => site.name),
    );
    throw new SluiceError(
      "usage",
      `There is no site '${name}' under \`sites:\` in ${file}: give one of those, or a URL that begins with http:// or https://.`,
      near === undefined ? {} : { hint: `Did you mean '${near}'?` },
    );
  });
}

function unnamed(url: string): RemoteSiteConfig {
  const network = { redirectHosts: [] };
  return { name: "", url, network, auth: undefined, tls: undefined, channels: undefined, mirrors: undefined };
}

function withToken(remote: RemoteSiteConfig, { tokenEnv, tokenFile }: PullOptions): RemoteSiteConfig {
  if (tokenEnv !== undefined && tokenFile !== undefined)
    throw new SluiceError("usage", "Give one of --token-env and --token-file.");
  const token = secretOf({ "token-env": tokenEnv, "token-file": tokenFile }, (path) => resolve(path));
  return token === undefined ? remote : { ...remote, auth: { kind: "bearer", token } };
}

/** As messages and records call it: without the credentials that a URL may have. */
function nameOf({ name, url }: RemoteSiteConfig): string {
  const shown = URL.canParse(url) ? new URL(url) : undefined;
  if (shown !== undefined) shown.username = shown.password = "";
  return name === "" ? `the site ${shown?.href ?? url}` : `the site '${name}' (${shown?.href ?? url})`;
}
