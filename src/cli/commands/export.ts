import { readFile } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";
import { isName } from "../../base/names.ts";
import type { Site } from "../../channel/site.ts";
import type { Config } from "../../config/types.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import type { Assumption } from "../../transfer/bundle/assume.ts";
import { extrasOf } from "../../transfer/bundle/extras.ts";
import { writeBundle } from "../../transfer/bundle/write.ts";
import { ANYWHERE } from "../../transfer/export-record.ts";
import { writeMedium } from "../../transfer/medium.ts";
import { acknowledged } from "../../transfer/receipt-check.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { keepOf, selectionOf, type SelectionOptions } from "../selection.ts";
import { withSite } from "../site.ts";
import { FAT_MOST, parsePartSize } from "../size.ts";

export interface ExportOptions extends SelectionOptions {
  readonly medium?: string;
  readonly to?: string;
  readonly partSize?: string;
  readonly site?: string;
  readonly base?: string;
  readonly full?: boolean;
  readonly since?: string;
  readonly keep?: string;
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
  for (const name of ["partSize", "site", "base", "full", "since"] as const)
    if (options[name] !== undefined)
      throw new SluiceError(
        "usage",
        `--${name === "partSize" ? "part-size" : name} is for bundles: give it with \`--to\`.`,
      );
  const { output, signal } = context;
  await withSite(config, async (site) => {
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
    output.json(done);
    const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}`;
    output.line(`${folder}: ${formatCount(done.snapshots.length, "snapshot")}, ${what} copied`);
    for (const name of done.removed) output.line(`${name}: taken from the medium`);
  });
}

async function toBundle(
  context: Context,
  config: Config,
  folder: string,
  options: ExportOptions,
): Promise<void> {
  if (options.keep !== undefined)
    throw new SluiceError("usage", "--keep is for media: give it with `--medium`.");
  const { output, signal } = context;
  const destination = options.site ?? ANYWHERE;
  if (!isName(destination))
    throw new SluiceError(
      "bad_name",
      `'${destination}' cannot be the name of a site: use a-z, 0-9, dot, dash and underscore.`,
    );
  await withSite(config, async (site) => {
    const done = await writeBundle(site, {
      folder,
      selection: await selectionOf(site.store, options),
      partBytes: options.partSize === undefined ? FAT_MOST : parsePartSize(options.partSize),
      destination,
      assumption: await assumptionOf(context, site, options),
      extras: async (manifest, cargo, assumed) =>
        extrasOf(site.store, ecosystemById, manifest, cargo, assumed),
      signal,
      onMember: () => undefined,
    });
    output.json(done);
    const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}, in ${formatCount(done.parts, "part")}`;
    const how = done.result === "unchanged" ? " (was there already)" : "";
    output.line(
      `${folder}: bundle ${done.number}${how}, ${formatCount(done.snapshots.length, "snapshot")}, ${what}`,
    );
  });
}

async function assumptionOf(
  context: Context,
  site: Site,
  { full, base, since }: ExportOptions,
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

async function sinceReceipt({ io, output }: Context, site: Site, file: string): Promise<Assumption> {
  const text = file === "-" ? await readInput(io.input) : await readReceiptFile(file);
  const { receipt, snapshots, bundles } = await acknowledged(site, text);
  const channels = receipt.channels.map(({ name, version }) => `${name} ${version}`);
  output.note(
    `The receipt of ${receipt.at.slice(0, 10)} says that it holds ${channels.join(", ") || "nothing"}.`,
  );
  if (receipt.missing.length > 0)
    output.warn(`Bundles that never came there: ${receipt.missing.join(", ")}.`);
  return { kind: "snapshots", snapshots, bundles };
}

// A receipt is short; what is not is something else.
const MOST = 65_536;

async function readReceiptFile(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).slice(0, MOST);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError("receipt_invalid", `The receipt ${file} cannot be read (${why}): check the path.`, {
      cause: error,
    });
  }
}

async function readInput(input: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > MOST) break;
  }
  return text.slice(0, MOST);
}
