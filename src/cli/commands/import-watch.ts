import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SluiceError } from "../../base/errors.ts";
import { checkAside, openDrop, putAside, survey, wasTaken } from "../../transfer/bundle/drop.ts";
import { readConfig, type Context } from "../context.ts";
import { favourMemory } from "../memory.ts";
import { createProgress } from "../progress.ts";
import { withSite } from "../site.ts";
import { importOne, type ImportOptions } from "./import.ts";

export interface WatchOptions extends Pick<ImportOptions, "channel" | "mirror" | "as"> {
  readonly done?: string | undefined;
}

const EVERY_MS = 1000;

/** `sluice import --watch FOLDER…`: takes each bundle that has come whole, until it is told to stop. */
export async function watchFolders(
  context: Context,
  named: readonly string[],
  options: WatchOptions,
): Promise<void> {
  favourMemory();
  const { signal, output } = context;
  const folders = named.map((folder) => resolve(folder));
  if (options.done !== undefined) checkAside(options.done, folders);
  // What was tried, and in which state it was then; what is the same as before is not tried again.
  const tried = new Map<string, string>();
  let before = new Map<string, string>();
  output.note(`Watching ${folders.join(", ")}; Ctrl-C stops.`);
  while (!signal.aborted) {
    const drops = await survey(folders);
    for (const { folder, state, isComplete } of drops) {
      // What has just changed may still be growing.
      if (!isComplete || before.get(folder) !== state || tried.get(folder) === state) continue;
      const isTaken = await attempt(context, folder, folders, options);
      if (signal.aborted) return;
      // What failed may have waited for this one.
      if (isTaken) tried.clear();
      tried.set(folder, state);
    }
    before = new Map(drops.map(({ folder, state }) => [folder, state]));
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** True where a bundle was taken that was not taken before. */
async function attempt(
  context: Context,
  folder: string,
  folders: readonly string[],
  options: WatchOptions,
): Promise<boolean> {
  let isGood = true;
  // One bundle that is bad does not make the watch a failure.
  const own = { ...context, fail: () => void (isGood = false) };
  try {
    const { bundle, source } = await openDrop(folder, folders);
    const config = await readConfig({ ...own, options: { ...own.options, quiet: true } });
    const progress = createProgress(context.io, context.options);
    const wasNew = await withSite(context, config, async (site) => {
      if (await wasTaken(site.store, bundle)) return false;
      await importOne(own, config, site, source.name, async () => source, options, progress.emit);
      return isGood;
    });
    progress.done();
    if (isGood && options.done !== undefined) await putAside(bundle, resolve(options.done));
    return wasNew;
  } catch (error) {
    if (context.signal.aborted) return false;
    if (!(error instanceof SluiceError)) throw error;
    context.output.error(error);
    return false;
  }
}
