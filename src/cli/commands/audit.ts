import { auditRefs } from "../../channel/audit.ts";
import { findKeyOf } from "../../channel/site.ts";
import { SluiceError } from "../../base/errors.ts";
import { readConfig, type Context } from "../context.ts";
import { withReader } from "../site.ts";

/** `sluice audit [REF]`: who changed what, when and why; with every hash and signature of the log checked. */
export async function audit(context: Context, ref: string | undefined): Promise<void> {
  const config = await readConfig(context);
  const found = await withReader(context, config, async (store) =>
    auditRefs(store, ref ?? "", findKeyOf(config.data, store)),
  );
  const { output } = context;
  output.json(found);
  for (const { at, by, ref: name, version, why } of found.lines)
    output.line(`${at}  ${by}  ${name} #${version}  ${why}`);
  for (const fault of found.faults) output.error(new SluiceError("ref_corrupt", fault));
  if (found.faults.length > 0) context.fail();
}
