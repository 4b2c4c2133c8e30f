import { clockWarning } from "../channel/clock-warning.ts";
import { openSite, type Site } from "../channel/site.ts";
import { findMirror } from "../config/load.ts";
import { loadTrust } from "../config/trust.ts";
import type { Config, MirrorConfig } from "../config/types.ts";
import { openDirectoryReader, openDirectoryStore, isStoreMissing } from "../store/directory/open.ts";
import { storedMirrors } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Trust } from "../trust/contract.ts";
import type { Context } from "./context.ts";

/** Runs with the site open for writing, and closes it. Tells of a clock that is plainly wrong. */
export async function withSite<T>(
  context: Context,
  config: Config,
  action: (site: Site) => Promise<T>,
): Promise<T> {
  const { data, graceMs, privateKey, channelExpiryMs } = config;
  const site = await openSite(data, graceMs, { privateKey, channelExpiryMs });
  try {
    await warnOfClock(context, site.store, true);
    return await action(site);
  } finally {
    await site.store.close();
  }
}

/** Makes the store where there is none yet, for those that only read it and go on for long. */
export async function makeStore(config: Config): Promise<void> {
  if (isStoreMissing(config.data)) await (await openDirectoryStore(config.data)).close();
}

/** Runs with the store open for reading; before the first sync there is nothing in it. Tells of a clock that is plainly wrong. */
export async function withReader<T>(
  context: Context,
  config: Config,
  action: (store: ReadStore) => Promise<T>,
): Promise<T> {
  const store = await openDirectoryReader(config.data, { mayBeMissing: true });
  try {
    await warnOfClock(context, store, false);
    return await action(store);
  } finally {
    await store.close();
  }
}

async function warnOfClock({ io, output }: Context, store: ReadStore, writing: boolean): Promise<void> {
  const warning = await clockWarning(store, io.now(), { writing });
  if (warning !== undefined) output.warn(warning);
}

/** The mirrors that are named, or all of the config. Throws unknown_mirror. */
export function chosenMirrors(config: Config, names: readonly string[]): readonly MirrorConfig[] {
  return names.length === 0 ? config.mirrors : [...new Set(names)].map((name) => findMirror(config, name));
}

/** Throws unknown_mirror for a name that neither the config nor the store has. */
export async function checkKnown(config: Config, store: ReadStore, name: string): Promise<void> {
  const isConfigured = config.mirrors.some((mirror) => mirror.name === name);
  if (!isConfigured && !(await storedMirrors(store)).includes(name)) findMirror(config, name);
}

/** The trust that the config gives a mirror now; undefined where it no longer has the mirror, or its keyring is gone. */
export async function trustToday(config: Config, name: string): Promise<Trust | undefined> {
  return configuredTrust(config, name).catch(() => undefined);
}

/** The same, but a keyring that cannot be read is an error. */
export async function configuredTrust(config: Config, name: string): Promise<Trust | undefined> {
  const mirror = [...config.mirrors, ...config.imports].find((one) => one.name === name);
  return mirror === undefined ? undefined : loadTrust(mirror);
}
