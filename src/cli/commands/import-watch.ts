import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SluiceError } from "../../base/errors.ts";
import {
  checkAside,
  foldersThere,
  openDrop,
  putAside,
  survey,
  wasTaken,
  type Drop,
} from "../../transfer/bundle/drop.ts";
import { Attempts, type Outcome } from "../attempts.ts";
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
  const attempts = new Attempts();
  let before = new Map<string, string>();
  // Folders that cannot be read now, which is said once.
  let away = new Set<string>();
  output.note(`Watching ${folders.join(", ")}; Ctrl-C stops.`);
  while (!signal.aborted) {
    const gone = new Set<string>();
    const there = await foldersThere(folders, ({ message }) => void gone.add(message));
    for (const message of gone) if (!away.has(message)) output.warn(message);
    away = gone;
    const drops = await surveyNow(there);
    for (const { folder, state, isComplete } of drops) {
      // What has just changed may still be growing.
      if (!isComplete || before.get(folder) !== state || !attempts.isDue(folder, state)) continue;
      const outcome = await attempt(context, folder, there, options);
      if (signal.aborted) return;
      attempts.note(folder, state, outcome);
    }
    before = new Map(drops.map(({ folder, state }) => [folder, state]));
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function surveyNow(folders: readonly string[]): Promise<Drop[]> {
  try {
    return await survey(folders);
  } catch (error) {
    // A folder went away just now: the next look tells of it.
    if (!(error instanceof SluiceError)) throw error;
    return [];
  }
}

async function attempt(
  context: Context,
  folder: string,
  folders: readonly string[],
  options: WatchOptions,
): Promise<Outcome> {
  // One bundle that is bad does not make the watch a failure.
  const own = { ...context, fail: () => undefined };
  let outcome: Outcome = "failed";
  try {
    const { bundle, source } = await openDrop(folder, folders);
    const config = await readConfig({ ...own, options: { ...own.options, quiet: true } });
    const progress = createProgress(context.io, context.options);
    outcome = await withSite(context, config, async (site): Promise<Outcome> => {
      if (await wasTaken(site.store, bundle)) return "done";
      const result = await importOne(
        own,
        config,
        site,
        source.name,
        async () => source,
        options,
        progress.emit,
      );
      if (result === undefined) return "failed";
      return result.result === "imported" ? "imported" : "done";
    });
    progress.done();
    if (outcome !== "failed" && options.done !== undefined)
      await putAside(bundle, resolve(options.done), folders);
    return outcome;
  } catch (error) {
    if (context.signal.aborted) return "failed";
    if (!(error instanceof SluiceError)) throw error;
    context.output.error(error);
    // What was imported, though it could not be put aside, may be what others waited for.
    return outcome === "imported" ? outcome : "failed";
  }
}
