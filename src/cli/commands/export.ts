import { SluiceError } from "../../base/errors.ts";
import { writeMedium } from "../../transfer/medium.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { selectionOf, type SelectionOptions } from "../selection.ts";
import { withSite } from "../site.ts";

export interface ExportOptions extends SelectionOptions {
  readonly medium?: string;
}

/** `sluice export`: writes what is selected to a medium. */
export async function exportTo(context: Context, options: ExportOptions): Promise<void> {
  const folder = options.medium;
  if (folder === undefined) throw new SluiceError("usage", "Say where to: `sluice export --medium FOLDER`.");
  const config = await readConfig(context);
  const { output, signal } = context;
  await withSite(config, async (site) => {
    const selection = await selectionOf(site.store, options);
    const done = await writeMedium(site, {
      folder,
      selection,
      data: config.data,
      signal,
      onBlob: () => undefined,
    });
    for (const notice of done.notices) output.warn(notice);
    output.json(done);
    const what = `${formatCount(done.files, "file")}, ${formatBytes(done.bytes)}`;
    output.line(`${folder}: ${formatCount(done.snapshots.length, "snapshot")}, ${what} copied`);
  });
}
