import { SluiceError } from "../../base/errors.ts";
import type { Config } from "../../config/types.ts";
import { writeMedium } from "../../transfer/medium.ts";
import { bringSluice } from "../../transfer/with-sluice.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { keepOf, selectionOf, type SelectionOptions } from "../selection.ts";
import { withSite } from "../site.ts";
import { archivesOf, fromBundle, refuseOthers, toBundle, type BundleOptions } from "./export-bundle.ts";

export interface ExportOptions extends SelectionOptions, BundleOptions {
  readonly medium?: string;
  readonly to?: string;
  readonly keep?: string;
}

/** `sluice export`: writes what is selected to a medium or as a bundle. */
export async function exportTo(context: Context, options: ExportOptions): Promise<void> {
  const { from, to, medium, ...others } = options;
  // A bundle that is there already needs neither config nor site.
  if (from !== undefined && to !== undefined && medium === undefined)
    return fromBundle(context, from, to, others);
  if (options.keep !== undefined && medium === undefined)
    throw new SluiceError("usage", "--keep is for media: give it with `--medium`.");
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
  refuseOthers(
    options,
    ["medium", "channel", "mirror", "snapshot", "withSluice", "keep"],
    "is for bundles: give it with `--to`",
  );
  const { output, signal } = context;
  const archives = await archivesOf(options, Infinity);
  await withSite(context, config, async (site) => {
    const selection = await selectionOf(site.store, options);
    const done = await writeMedium(site, {
      folder,
      selection,
      data: config.data,
      keep: keepOf(options.keep),
      signal,
      onBlob: () => undefined,
    });
    for (const notice of done.notices) output.warn(notice);
    const sluice = await bringSluice(site, folder, archives);
    output.json({ ...done, sluice });
    const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}`;
    output.line(`${folder}: ${formatCount(done.snapshots.length, "snapshot")}, ${what} copied`);
    for (const name of done.removed) output.line(`${name}: taken from the medium`);
    for (const name of sluice) output.line(`${folder}: ${name}, signed`);
  });
}
