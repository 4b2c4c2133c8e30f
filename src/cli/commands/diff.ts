import { compareSnapshots } from "../../channel/compare.ts";
import type { Advisory } from "../../ecosystems/contract.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import { readConfig, type Context } from "../context.ts";
import { formatCount } from "../format.ts";
import { withReader } from "../site.ts";

/** `sluice diff MIRROR@A MIRROR@B`: packages added, removed, changed, and what the vendor says of those that are new; with --files, paths too. */
export async function diff(
  context: Context,
  from: string,
  to: string,
  options: { files?: boolean },
): Promise<void> {
  const config = await readConfig(context);
  const files = options.files === true;
  const found = await withReader(context, config, async (store) =>
    compareSnapshots(store, ecosystemById, from, to, { files }),
  );
  const { output } = context;
  output.json(found);
  for (const { name, arch, version } of found.removed) output.line(`- ${name} ${version} [${arch}]`);
  for (const { name, arch, version } of found.added) output.line(`+ ${name} ${version} [${arch}]`);
  for (const { name, arch, from: old, to: fresh } of found.changed)
    output.line(`~ ${name} ${old} -> ${fresh} [${arch}]`);
  for (const advisory of found.advisories ?? []) output.line(advisoryLine(advisory));
  for (const path of found.files?.removed ?? []) output.line(`- ${path}`);
  for (const path of found.files?.added ?? []) output.line(`+ ${path}`);
  for (const path of found.files?.changed ?? []) output.line(`~ ${path}`);
  output.line(
    `${formatCount(found.added.length, "package")} added, ${found.removed.length} removed, ${found.changed.length} changed`,
  );
  if (found.fault !== undefined) output.note(`There may be more advisories: ${found.fault}`);
}

function advisoryLine({ id, kind, severity, title, cves, packages }: Advisory): string {
  const what = [kind, severity].filter((word) => word !== undefined && word !== "").join(", ");
  const names = [...new Set(packages.map(({ name }) => name))].join(", ");
  return `! ${id} (${what}) ${title}: ${names}${cves.length > 0 ? ` [${cves.join(" ")}]` : ""}`;
}
