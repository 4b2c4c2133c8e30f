import { SluiceError } from "../../base/errors.ts";
import { isName } from "../../base/names.ts";
import type { Site } from "../../channel/site.ts";
import type { Config } from "../../config/types.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import { writeAgain } from "../../transfer/bundle/again.ts";
import type { Assumption } from "../../transfer/bundle/assume.ts";
import { parseCode } from "../../transfer/bundle/codes.ts";
import { extrasOf } from "../../transfer/bundle/extras.ts";
import { addParity } from "../../transfer/bundle/parity.ts";
import { splitBundle } from "../../transfer/bundle/split.ts";
import { writeBundle, type BundleResult, type EmitRequest } from "../../transfer/bundle/write.ts";
import { ANYWHERE } from "../../transfer/export-record.ts";
import { bringSluice, ownArchives } from "../../transfer/with-sluice.ts";
import type { Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { selectionOf, type SelectionOptions } from "../selection.ts";
import { withSite } from "../site.ts";
import { FAT_MOST, parsePartSize } from "../size.ts";
import { sinceReceipt } from "./since-receipt.ts";

/** The options that are for bundles alone. */
export interface BundleOptions {
  readonly partSize?: string;
  readonly site?: string;
  readonly base?: string;
  readonly full?: boolean;
  readonly since?: string;
  readonly withSluice?: true | readonly string[];
  readonly parity?: string;
  readonly only?: readonly string[];
  readonly from?: string;
}

/** Writes a bundle of this site: a new one, or some of an old one again. */
export async function toBundle(
  context: Context,
  config: Config,
  folder: string,
  options: SelectionOptions & BundleOptions,
): Promise<void> {
  const { site: destination } = options;
  if (destination !== undefined && !isName(destination))
    throw new SluiceError(
      "bad_name",
      `'${destination}' cannot be the name of a site: use a-z, 0-9, dot, dash and underscore.`,
    );
  await withSite(context, config, async (site) => {
    const request: EmitRequest = {
      folder,
      extras: async (manifest, cargo, assumed) =>
        extrasOf(site.store, ecosystemById, manifest, cargo, assumed),
      signal: context.signal,
      onMember: () => undefined,
    };
    if (options.only === undefined) return newBundle(context, site, request, options);
    refuseOthers(options, ["to", "only", "site"], "is for new bundles, not for --only");
    return again(context, site, request, options.only, destination);
  });
}

async function newBundle(
  context: Context,
  site: Site,
  request: EmitRequest,
  options: SelectionOptions & BundleOptions,
): Promise<void> {
  const partBytes = options.partSize === undefined ? FAT_MOST : parsePartSize(options.partSize);
  const parity = parityOf(options);
  const archives = await archivesOf(options, partBytes);
  const done = await writeBundle(site, {
    ...request,
    selection: await selectionOf(site.store, options),
    partBytes,
    destination: options.site ?? ANYWHERE,
    assumption: await assumptionOf(context, site, options),
  });
  const sluice = await bringSluice(site, request.folder, archives);
  if (parity !== undefined)
    await addParity({ folder: request.folder, percent: parity, partBytes, signal: request.signal });
  told(context, done, sluice);
}

async function again(
  context: Context,
  site: Site,
  request: EmitRequest,
  codes: readonly string[],
  destination: string | undefined,
): Promise<void> {
  const wanted = codes.map(parseCode);
  if (wanted.length > 1 && wanted.some(({ parts }) => parts === undefined || parts.includes(0)))
    throw new SluiceError(
      "usage",
      "A whole bundle, or its small files, need a folder of their own: give that code alone.",
    );
  for (const one of wanted) told(context, await writeAgain(site, one, destination, request));
}

/** Copies a finished bundle for a medium that holds smaller files only. */
export async function fromBundle(
  context: Context,
  from: string,
  to: string,
  options: SelectionOptions & BundleOptions,
): Promise<void> {
  refuseOthers(options, ["partSize", "parity"], "is for new bundles, not for --from");
  const { signal, output } = context;
  const partBytes = options.partSize === undefined ? FAT_MOST : parsePartSize(options.partSize);
  const parity = parityOf(options);
  const done = await splitBundle({ from, to, partBytes, signal });
  if (parity !== undefined) await addParity({ folder: to, percent: parity, partBytes, signal });
  output.json(done);
  const pieces =
    done.pieces === 0 ? "" : `, ${formatCount(done.pieces, "piece")} of those that were too large`;
  output.line(`${to}: bundle ${done.number}, ${formatCount(done.parts, "part")}${pieces}`);
}

function told({ output }: Context, done: BundleResult, sluice: readonly string[] = []): void {
  output.json({ ...done, sluice });
  const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}, in ${formatCount(done.parts, "part")}`;
  const how = done.result === "unchanged" ? " (was there already)" : "";
  output.line(
    `${done.folder}: bundle ${done.number}${how}, ${formatCount(done.snapshots.length, "snapshot")}, ${what}`,
  );
  for (const name of sluice) output.line(`${done.folder}: ${name}, signed`);
}

function parityOf({ parity }: BundleOptions): number | undefined {
  if (parity === undefined) return undefined;
  const percent = /^\d{1,3}$/.test(parity) ? Number(parity) : 0;
  if (percent >= 1 && percent <= 100) return percent;
  throw new SluiceError("usage", `--parity takes a number of percent from 1 to 100, not '${parity}'.`);
}

/** Refuses options that would be read and then do nothing. */
export function refuseOthers(options: object, known: readonly string[], why: string): void {
  const other = Object.keys(options).find((name) => !known.includes(name));
  if (other === undefined) return;
  const name = other.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new SluiceError("usage", `--${name} ${why}.`);
}

/** The packages of Sluice that are to go along, each no larger than `most`. */
export async function archivesOf({ withSluice }: BundleOptions, most: number): Promise<readonly string[]> {
  if (withSluice === undefined) return [];
  return ownArchives(withSluice === true ? undefined : withSluice, process.argv[1] ?? "", most);
}

async function assumptionOf(
  context: Context,
  site: Site,
  { full, base, since }: BundleOptions,
): Promise<Assumption> {
  if (since !== undefined && (full === true || base !== undefined))
    throw new SluiceError("usage", "A receipt says what to build on: leave out --full and --base.");
  if (since !== undefined) return sinceReceipt(context, site, since);
  if (full === true && base !== undefined)
    throw new SluiceError("usage", "--full builds on nothing, --base on earlier bundles: give one of them.");
  if (full === true) return { kind: "nothing" };
  if (base !== undefined && !/^\d{1,4}$/.test(base))
    throw new SluiceError("usage", `--base takes a number of bundles, not '${base}'.`);
  return { kind: "exports", overlap: Number(base ?? 0) };
}
