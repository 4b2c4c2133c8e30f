import { checkStore, type Checked } from "../../channel/check.ts";
import { SluiceError } from "../../base/errors.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import type { Finding, Verified } from "../../snapshot/verify.ts";
import { readConfig, type Context } from "../context.ts";
import { formatAge, formatBytes, formatCount } from "../format.ts";
import { favourMemory } from "../memory.ts";
import { createProgress } from "../progress.ts";
import { trustToday, withSite } from "../site.ts";

/** `sluice verify [MIRROR[@X]…]`: from the trusted key to the last byte, with no network. */
export async function verify(context: Context, targets: readonly string[]): Promise<void> {
  favourMemory();
  const config = await readConfig(context);
  const progress = createProgress(context.io, context.options);
  const checked = await withSite(context, config, async (site) =>
    checkStore(
      {
        site,
        find: ecosystemById,
        today: async (mirror) => trustToday(config, mirror),
        emit: progress.emit,
        signal: context.signal,
      },
      targets,
    ),
  );
  progress.done();
  report(context, checked);
  if (faults(checked).length > 0) {
    context.output.json({ error: { code: "verify_failed", message: failure(checked) } });
    context.fail();
  }
}

function faults(checked: Checked): Finding[] {
  return [...checked.snapshots.flatMap((one) => one.findings), ...checked.records];
}

function failure({ snapshots, records }: Checked): string {
  const failed = snapshots
    .filter(({ findings }) => findings.length > 0)
    .map(({ mirror, id }) => `${mirror}@${id}`);
  const what = [...failed, ...(records.length > 0 ? [formatCount(records.length, "record")] : [])];
  return `Not sound: ${what.join(", ")}.`;
}

function report({ output, io }: Context, checked: Checked): void {
  const snapshots = checked.snapshots.map(({ claims, ...one }) => ({
    ...one,
    sound: one.findings.length === 0,
    claims,
  }));
  output.json({ snapshots, records: checked.records });
  for (const finding of faults(checked)) output.error(new SluiceError(finding.code, finding.message));
  for (const one of checked.snapshots) output.line(line(one, io.now()));
  if (checked.snapshots.length + checked.records.length === 0) output.line("There is no snapshot yet.");
}

function line(one: Verified, now: number): string {
  const name = `${one.mirror}@${one.id}`;
  if (one.findings.length > 0) return `${name}: FAILED, ${formatCount(one.findings.length, "fault")}`;
  const ages = one.claims.map(({ root, date, validUntil }) => {
    const age = date === undefined ? "no date" : formatAge(date, now);
    return validUntil !== undefined && validUntil < now
      ? `${root} ${age}, past its Valid-Until since ${formatAge(validUntil, now).replace(/ ago$/, "")}`
      : `${root} ${age}`;
  });
  const missing = one.holes === 0 ? "" : `, without ${formatCount(one.holes, "package")} (allow-missing)`;
  return `${name}: sound, ${formatCount(one.files, "file")}, ${formatBytes(one.bytes)}${missing} (${ages.join("; ")})`;
}
