import { collectGarbage } from "../../channel/gc.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { withSite } from "../site.ts";

/** `sluice gc [--dry-run]`: gives up what `keep` does not hold, and deletes what nothing reaches once the grace has passed. */
export async function gc(context: Context, options: { dryRun?: boolean }): Promise<void> {
  const config = await readConfig(context);
  const policies = new Map(config.mirrors.map((mirror) => [mirror.name, mirror.keep]));
  const dryRun = options.dryRun === true;
  const done = await withSite(context, config, async (site) => collectGarbage(site, policies, dryRun));
  const { output } = context;
  output.json({ ...done, dryRun });
  for (const problem of done.problems) output.warn(problem);
  for (const name of done.removed) output.line(`${name}: ${dryRun ? "would be given up" : "given up"}`);
  output.line(
    `${dryRun ? "Would free" : "Freed"} ${formatBytes(done.freedBytes)} in ${formatCount(done.deletedBlobs, "file")}; ${formatCount(done.condemnedBlobs, "file")}, ${formatBytes(done.condemnedBytes)} wait for the grace time to pass.`,
  );
}
