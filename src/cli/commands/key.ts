import { publicKey } from "../../channel/site.ts";
import { openSiteKey } from "../../trust/identity.ts";
import { readConfig, type Context } from "../context.ts";
import { formatFingerprint } from "../format.ts";
import { withSite } from "../site.ts";

/** `sluice key show` and `key export`: this site's identity; made here if it is not there yet. */
export async function key(context: Context, action: "show" | "export"): Promise<void> {
  const config = await readConfig(context);
  await withSite(config, async (site) => site.author());
  const armoured = (await publicKey(config.data)) ?? "";
  const { fingerprint } = await openSiteKey(armoured);
  context.output.json({ fingerprint, publicKey: armoured });
  context.output.line(action === "show" ? formatFingerprint(fingerprint) : armoured.trimEnd());
}
