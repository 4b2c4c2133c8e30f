import { asSluiceError, SluiceError } from "../../base/errors.ts";
import type { Emit } from "../../base/events.ts";
import { readIdentityRow } from "../../channel/identity-row.ts";
import type { Site } from "../../channel/site.ts";
import type { Config } from "../../config/types.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import { repairBundles } from "../../transfer/bundle/repair.ts";
import { blobPath, layoutOf } from "../../store/directory/layout.ts";
import type { Source } from "../../transfer/contract.ts";
import { importFrom, type ImportResult } from "../../transfer/receive.ts";
import { openSources } from "../../transfer/sources.ts";
import type { OfferedKeys } from "../../transfer/vendor.ts";
import { readConfig, type Context } from "../context.ts";
import { favourMemory } from "../memory.ts";
import { createProgress } from "../progress.ts";
import { confirmOtherTrust, confirmTrust } from "../prompt.ts";
import { configuredTrust, withSite } from "../site.ts";
import { failed, report } from "./import-report.ts";

export interface ImportOptions {
  readonly dryRun?: boolean;
  readonly repair?: string;
  readonly channel?: readonly string[];
  readonly mirror?: readonly string[];
  readonly as?: readonly string[];
}

/** `sluice import FOLDER…`: takes in what other sites have exported. */
export async function importFolders(
  context: Context,
  folders: readonly string[],
  options: ImportOptions,
): Promise<void> {
  favourMemory();
  const config = await readConfig(context);
  const progress = createProgress(context.io, context.options);
  const repaired =
    options.repair === undefined ? [] : await repairBundles(folders, options.repair, context.signal);
  for (const { bundle, mended } of repaired)
    context.output.note(
      `${bundle}: ${mended.length === 0 ? "no part had to be mended" : `mended ${mended.join(", ")}`}`,
    );
  await using sources = await openSources(folders, repaired);
  for (const notice of sources.notices) context.output.warn(notice);
  for (const { name, error } of sources.bad) failed(context, name, error);
  await withSite(context, config, async (site) => {
    const senders = await Promise.all(sources.list.map(senderOf));
    for (const [nth, source] of sources.list.entries()) {
      const isFollowed = senders[nth] !== undefined && senders.includes(senders[nth], nth + 1);
      const how = { ...options, isFollowed };
      await importOne(context, config, site, source.name, async () => source, how, progress.emit);
    }
  });
  progress.done();
}

async function senderOf({ store }: Source): Promise<string | undefined> {
  return readIdentityRow(store).then(
    (row) => row?.id,
    () => undefined,
  );
}

/**
 * Imports from one source, and says what came of it; one that is bad or incomplete does not hold the others back, and gives undefined. `isFollowed`: a newer one of the same sender comes
 * after it, so that to be older than what was taken before is no fault.
 */
export async function importOne(
  context: Context,
  config: Config,
  site: Site,
  name: string,
  open: () => Promise<Source>,
  options: ImportOptions & { readonly isFollowed?: boolean },
  emit: Emit,
): Promise<ImportResult | undefined> {
  try {
    const result = await importFrom(site, await open(), {
      selection: { channels: options.channel, mirrors: options.mirror },
      as: newNames(options.as ?? []),
      dryRun: options.dryRun === true,
      vendor: {
        configured: async (mirror) => configuredTrust(config, mirror),
        accept: async (mirror, keys) =>
          (keys.changed ? confirmOtherTrust : confirmTrust)(context, question(mirror, keys)),
      },
      find: ecosystemById,
      scanner: config.scan && {
        command: config.scan,
        file: (sha256) => blobPath(layoutOf(config.data), sha256),
      },
      emit,
      signal: context.signal,
    });
    report(context, result);
    return result;
  } catch (thrown) {
    context.signal.throwIfAborted();
    const error = asSluiceError(thrown);
    if (options.isFollowed === true && error.code === "replayed")
      context.output.note(`${name}: was taken before`);
    else failed(context, name, error);
    return undefined;
  }
}

function newNames(pairs: readonly string[]): Map<string, string> {
  return new Map(
    pairs.map((pair) => {
      const [theirs = "", ours = "", ...rest] = pair.split("=");
      if (theirs === "" || ours === "" || rest.length > 0)
        throw new SluiceError("usage", `--as takes THEIRS=OURS, not '${pair}'.`);
      return [theirs, ours];
    }),
  );
}

function question(mirror: string, { lines, changed }: OfferedKeys): string {
  const why = changed
    ? `The keys that prove '${mirror}' here no longer do; with it came others:`
    : `This site has no key of its own to prove '${mirror}' by; with it came:`;
  return [why, ...lines, `From now on '${mirror}' is proven by these. Compare them with the vendor's.`].join(
    "\n",
  );
}
