import { SluiceError } from "../../base/errors.ts";
import { isName } from "../../base/names.ts";
import type { Config } from "../../config/types.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import type { Assumption } from "../../transfer/bundle/assume.ts";
import { extrasOf } from "../../transfer/bundle/extras.ts";
import { writeBundle } from "../../transfer/bundle/write.ts";
import { ANYWHERE } from "../../transfer/export-record.ts";
import { writeMedium } from "../../transfer/medium.ts";
import { bringSluice, ownArchives } from "../../transfer/with-sluice.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { selectionOf, type SelectionOptions } from "../selection.ts";
import { withSite } from "../site.ts";
import { FAT_MOST, parsePartSize } from "../size.ts";

export interface ExportOptions extends SelectionOptions {
  readonly medium?: string;
  readonly to?: string;
  readonly partSize?: string;
  readonly site?: string;
  readonly base?: string;
  readonly full?: boolean;
  readonly withSluice?: true | readonly string[];
}

/** `sluice export`: writes what is selected to a medium or as a bundle. */
export async function exportTo(context: Context, options: ExportOptions): Promise<void> {
  const config = await readConfig(context);
  if (options.medium !== undefined && options.to === undefined)
    return toMedium(context, config, options.medium, options);
  if (options.to !== undefined && options.medium === undefined)
    return toBundle(context, config, options.to, options);
  throw new SluiceError(
    "usage",
    "Say where to: `sluice export --medium FOLDER`, or `sluice export --to FOLDER` for a bundle.",
  );
}

async function toMedium(
  context: Context,
  config: Config,
  folder: string,
  options: ExportOptions,
): Promise<void> {
  for (const name of ["partSize", "site", "base", "full"] as const)
    if (options[name] !== undefined)
      throw new SluiceError(
        "usage",
        `--${name === "partSize" ? "part-size" : name} is for bundles: give it with \`--to\`.`,
      );
  const { output, signal } = context;
  const archives = await archivesOf(options, Infinity);
  await withSite(context, config, async (site) => {
    const selection = await selectionOf(site.store, options);
    const done = await writeMedium(site, {
      folder,
      selection,
      data: config.data,
      signal,
      onBlob: () => undefined,
    });
    for (const notice of done.notices) output.warn(notice);
    const sluice = await bringSluice(site, folder, archives);
    output.json({ ...done, sluice });
    const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}`;
    output.line(`${folder}: ${formatCount(done.snapshots.length, "snapshot")}, ${what} copied`);
    for (const name of sluice) output.line(`${folder}: ${name}, signed`);
  });
}

async function toBundle(
  context: Context,
  config: Config,
  folder: string,
  options: ExportOptions,
): Promise<void> {
  const { output, signal } = context;
  const destination = options.site ?? ANYWHERE;
  if (!isName(destination))
    throw new SluiceError(
      "bad_name",
      `'${destination}' cannot be the name of a site: use a-z, 0-9, dot, dash and underscore.`,
    );
  const partBytes = options.partSize === undefined ? FAT_MOST : parsePartSize(options.partSize);
  const archives = await archivesOf(options, partBytes);
  await withSite(context, config, async (site) => {
    const done = await writeBundle(site, {
      folder,
      selection: await selectionOf(site.store, options),
      partBytes,
      destination,
      assumption: assumptionOf(options),
      extras: async (manifest, cargo, assumed) =>
        extrasOf(site.store, ecosystemById, manifest, cargo, assumed),
      signal,
      onMember: () => undefined,
    });
    const sluice = await bringSluice(site, folder, archives);
    output.json({ ...done, sluice });
    const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}, in ${formatCount(done.parts, "part")}`;
    const how = done.result === "unchanged" ? " (was there already)" : "";
    output.line(
      `${folder}: bundle ${done.number}${how}, ${formatCount(done.snapshots.length, "snapshot")}, ${what}`,
    );
    for (const name of sluice) output.line(`${folder}: ${name}, signed`);
  });
}

async function archivesOf({ withSluice }: ExportOptions, most: number): Promise<readonly string[]> {
  if (withSluice === undefined) return [];
  return ownArchives(withSluice === true ? undefined : withSluice, process.argv[1] ?? "", most);
}

function assumptionOf({ full, base }: ExportOptions): Assumption {
  if (full === true && base !== undefined)
    throw new SluiceError("usage", "--full builds on nothing, --base on earlier bundles: give one of them.");
  if (full === true) return { kind: "nothing" };
  if (base !== undefined && !/^\d{1,4}$/.test(base))
    throw new SluiceError("usage", `--base takes a number of bundles, not '${base}'.`);
  return { kind: "exports", overlap: Number(base ?? 0) };
}
