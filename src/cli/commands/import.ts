import { asSluiceError, SluiceError } from "../../base/errors.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import { importFrom, type ImportResult } from "../../transfer/receive.ts";
import { openSources } from "../../transfer/sources.ts";
import type { OfferedKeys } from "../../transfer/vendor.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { favourMemory } from "../memory.ts";
import { createProgress } from "../progress.ts";
import { confirmTrust } from "../prompt.ts";
import { configuredTrust, withSite } from "../site.ts";

export interface ImportOptions {
  readonly dryRun?: boolean;
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
  await using sources = await openSources(folders);
  await withSite(context, config, async (site) => {
    for (const source of sources.list) {
      try {
        const result = await importFrom(site, source, {
          selection: { channels: options.channel, mirrors: options.mirror },
          as: newNames(options.as ?? []),
          dryRun: options.dryRun === true,
          vendor: {
            configured: async (mirror) => configuredTrust(config, mirror),
            accept: async (mirror, keys) => confirmTrust(context, question(mirror, keys)),
          },
          find: ecosystemById,
          emit: progress.emit,
          signal: context.signal,
        });
        report(context, result);
      } catch (thrown) {
        // One that is bad or incomplete does not hold the others back.
        const { code, message, hint } = asSluiceError(thrown);
        context.signal.throwIfAborted();
        context.output.json({ from: source.name, result: "failed", error: { code, message } });
        context.output.error(new SluiceError(code, message, hint === undefined ? {} : { hint }));
        context.fail();
      }
    }
  });
  progress.done();
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

function report({ output }: Context, result: ImportResult): void {
  output.json(result);
  for (const notice of result.notices) output.warn(notice);
  const what = `${formatCount(result.files, "file")}, ${formatBytes(result.bytes)}`;
  if (result.result === "unchanged") output.line(`${result.from}: nothing new`);
  if (result.result === "planned")
    output.line(`${result.from}: would bring ${result.snapshots.join(", ")} (${what})`);
  if (result.result !== "imported") return;
  for (const name of result.snapshots) output.line(`${name}: imported`);
  for (const { channel, mirrors } of result.channels)
    output.line(
      `${channel}: ${Object.entries(mirrors)
        .map(([mirror, id]) => `${mirror} ${id}`)
        .join(", ")}`,
    );
  output.line(`${result.from}: ${what} copied`);
}
