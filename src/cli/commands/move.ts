import { commitMove, planPromote, planRollback, type Move } from "../../channel/moves.ts";
import type { Site } from "../../channel/site.ts";
import { reconcileTrees } from "../../channel/trees.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import { readConfig, type Context } from "../context.ts";
import { confirm } from "../prompt.ts";
import { withSite } from "../site.ts";

/** `sluice promote FROM TO [MIRROR…]`. */
export async function promote(
  context: Context,
  from: string,
  to: string,
  mirrors: readonly string[],
): Promise<void> {
  await move(context, async (site) => planPromote(site.store, ecosystemById, from, to, mirrors));
}

/** `sluice rollback CHANNEL [MIRROR…]`. */
export async function rollback(context: Context, channel: string, mirrors: readonly string[]): Promise<void> {
  await move(context, async (site) => planRollback(site.store, ecosystemById, channel, mirrors));
}

async function move(context: Context, plan: (site: Site) => Promise<Move>): Promise<void> {
  const config = await readConfig(context);
  const { output } = context;
  await withSite(context, config, async (site) => {
    // A move that was killed after its record is finished first: run again, it may have nothing to change.
    for (const problem of await reconcileTrees(site)) output.warn(problem);
    const planned = await plan(site);
    const { channel, changes, notices } = planned;
    if (notices.length > 0 && !(await confirm(context, notices.join("\n")))) {
      output.line("Nothing was changed.");
      output.json({ channel, changes: [], notices });
      return;
    }
    const { made, problems } = await commitMove(site, planned);
    for (const problem of problems) output.warn(problem);
    output.json({ channel, version: made?.version ?? null, changes, notices });
    for (const { mirror, from, to } of changes)
      output.line(`${channel}: ${mirror} ${from ?? "none"} -> ${to ?? "none"}`);
    if (changes.length > 0) return;
    const isRenewed = made !== undefined && made.version !== planned.base?.version;
    output.line(
      isRenewed
        ? `${channel}: nothing to change; fresh until ${made.body.expires?.slice(0, 10) ?? ""}`
        : `${channel}: nothing to change`,
    );
  });
}
