import { SluiceError } from "../../base/errors.ts";
import { readIdentityRow } from "../../channel/identity-row.ts";
import { openSources } from "../../transfer/sources.ts";
import type { Context } from "../context.ts";
import { favourMemory } from "../memory.ts";
import { failed } from "./import-report.ts";

/** `sluice import --check FOLDER…`: reads media and bundles to the last byte, and says what is bad; needs no site. */
export async function checkFolders(context: Context, folders: readonly string[]): Promise<void> {
  favourMemory();
  const { output, signal } = context;
  await using sources = await openSources(folders);
  for (const notice of sources.notices) output.warn(notice);
  for (const { name, error } of sources.bad) failed(context, name, error);
  for (const source of sources.list) {
    const faults = await source.check(signal);
    const site = (await readIdentityRow(source.store))?.current ?? "";
    for (const fault of faults) output.error(new SluiceError("bundle_damaged", fault));
    if (faults.length > 0) context.fail();
    output.json({ from: source.name, result: faults.length === 0 ? "sound" : "damaged", site, faults });
    const verdict = faults.length === 0 ? "every byte is as it was written" : `${faults.length} faults`;
    output.line(`${source.name}: ${verdict}, by the site ${site}`);
  }
}
