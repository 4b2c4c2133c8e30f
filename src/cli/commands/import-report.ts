import type { SluiceError } from "../../base/errors.ts";
import type { ImportResult } from "../../transfer/receive.ts";
import type { Context } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";

/** Says why one of several sources failed; the others go on. */
export function failed(context: Context, from: string, error: SluiceError): void {
  const { code, message } = error;
  context.output.json({ from, result: "failed", error: { code, message } });
  context.output.error(error);
  context.fail();
}

/** Says what an import has brought. */
export function report({ output }: Context, result: ImportResult): void {
  output.json(result);
  for (const notice of result.notices) output.warn(notice);
  const what = `${formatCount(result.files, "file")}, ${formatBytes(result.bytes)}`;
  if (result.result === "unchanged") output.line(`${result.from}: nothing new`);
  if (result.result === "planned")
    output.line(`${result.from}: would bring ${result.snapshots.join(", ")} (${what})`);
  if (result.result !== "imported") return;
  for (const name of result.snapshots) output.line(`${name}: imported`);
  for (const { channel, mirrors, expires } of result.channels) {
    const moved = Object.entries(mirrors).map(([mirror, id]) => `${mirror} ${id}`);
    const until = expires === null ? [] : [`fresh until ${expires.slice(0, 10)}`];
    output.line(`${channel}: ${[...moved, ...until].join(", ")}`);
  }
  output.line(`${result.from}: ${what} copied`);
}
