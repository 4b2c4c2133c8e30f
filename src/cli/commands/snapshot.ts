import { dropSnapshot, setPin } from "../../channel/pin.ts";
import { readConfig, type Context } from "../context.ts";
import { withSite } from "../site.ts";

/** `sluice snapshot pin MIRROR@X [--why TEXT]`. */
export async function pin(context: Context, target: string, options: { why: string }): Promise<void> {
  const config = await readConfig(context);
  const { name: snapshot } = await withSite(context, config, async (site) =>
    setPin(site, target, options.why),
  );
  context.output.json({ snapshot, pinned: options.why });
  context.output.line(`${snapshot}: pinned (${options.why})`);
}

/** `sluice snapshot unpin MIRROR@X`. */
export async function unpin(context: Context, target: string): Promise<void> {
  const config = await readConfig(context);
  const { name: snapshot, before } = await withSite(context, config, async (site) =>
    setPin(site, target, undefined),
  );
  context.output.json({ snapshot, pinned: null });
  context.output.line(
    `${snapshot}: ${before === undefined ? "was not pinned" : `no longer pinned (${before})`}`,
  );
}

/** `sluice snapshot remove MIRROR@X`: the next gc takes its files. */
export async function remove(context: Context, target: string): Promise<void> {
  const config = await readConfig(context);
  const { name: snapshot, problems } = await withSite(context, config, async (site) =>
    dropSnapshot(site, target),
  );
  for (const problem of problems) context.output.warn(problem);
  context.output.json({ snapshot, removed: true });
  context.output.line(`${snapshot}: removed; its files go with a later \`sluice gc\``);
}
