import { readFile, writeFile } from "node:fs/promises";
import { auditRefs, type Audit } from "../../channel/audit.ts";
import { findKeyOf } from "../../channel/site.ts";
import { SluiceError } from "../../base/errors.ts";
import { readRef } from "../../store/refs.ts";
import type { ReadStore } from "../../store/contract.ts";
import { checkLog, writeLog } from "../../transfer/audit-log.ts";
import { trustedKeys } from "../../transfer/known-sites.ts";
import { openSiteKey } from "../../trust/identity.ts";
import { describeRecord } from "../audit-details.ts";
import { readConfig, type Context } from "../context.ts";
import { formatCount, formatFingerprint } from "../format.ts";
import { withReader, withSite } from "../site.ts";

/** `sluice audit [REF]`: who changed what, when and why; with every hash and signature of the log checked. */
export async function audit(context: Context, ref: string | undefined): Promise<void> {
  const { output } = context;
  await withLog(context, ref, async (found) => {
    output.json(found);
    for (const line of found.lines) output.line(lineOf(line));
  });
}

/** `sluice audit show [REF]`: the same, with who signed each record, and what it says. */
export async function auditShow(context: Context, ref: string | undefined): Promise<void> {
  const { output } = context;
  await withLog(context, ref, async (found, store) => {
    for (const line of found.lines) {
      const { body } = await readRef<unknown>(store, line.ref, line.version);
      output.json({ ...line, body });
      output.line(lineOf(line));
      output.line(`    signed by ${formatFingerprint(line.site)}`);
      for (const detail of describeRecord(line.ref, body)) output.line(`    ${detail}`);
    }
  });
}

export interface VerifyOptions {
  readonly file?: string;
  readonly key?: readonly string[];
}

/** `sluice audit verify [REF]`, or of a log that was written out: only whether all of it is genuine. */
export async function auditVerify(
  context: Context,
  ref: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  const { output } = context;
  if (options.file === undefined) {
    if (options.key !== undefined)
      throw new SluiceError("usage", "--key is for a log that was written out: give it with --file.");
    return withLog(context, ref, async ({ lines, faults }) => {
      output.json({ records: lines.length, faults });
      if (faults.length === 0) output.line(sound(lines));
    });
  }
  if (ref !== undefined)
    throw new SluiceError("usage", "A log that was written out is checked whole: leave the name out.");
  const text = await readGiven(options.file);
  const found = await checkLog(text, await trustedHere(context, options.key));
  output.json({ records: found.records, site: found.site, at: found.at, faults: found.faults });
  if (found.faults.length === 0) {
    output.line(sound(found.lines));
    output.line(`  written by the site ${formatFingerprint(found.site)}, ${found.at}`);
    for (const other of found.others) output.line(`  with records of the site ${formatFingerprint(other)}`);
  }
  tellFaults(context, found);
}

/** `sluice audit export [REF]`: the log as lines of JSON, for others to keep and to prove. */
export async function auditExport(
  context: Context,
  ref: string | undefined,
  { output: file }: { readonly output?: string },
): Promise<void> {
  const config = await readConfig(context);
  const text = await withSite(context, config, async (site) => writeLog(site, ref ?? ""));
  if (file === undefined) {
    context.io.out.write(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (error) {
    throw unusable(file, "written", error);
  }
}

async function withLog(
  context: Context,
  ref: string | undefined,
  tell: (found: Audit, store: ReadStore) => Promise<void>,
): Promise<void> {
  const config = await readConfig(context);
  await withReader(context, config, async (store) => {
    const found = await auditRefs(store, ref ?? "", findKeyOf(config.data, store));
    await tell(found, store);
    tellFaults(context, found);
  });
}

function tellFaults(context: Context, { faults }: Audit): void {
  for (const fault of faults) context.output.error(new SluiceError("ref_corrupt", fault));
  if (faults.length > 0) context.fail();
}

function lineOf({ at, by, ref, version, why }: Audit["lines"][number]): string {
  return `${at}  ${by}  ${ref} #${version}  ${why}`;
}

function sound(lines: Audit["lines"]): string {
  const refs = new Set(lines.map(({ ref }) => ref)).size;
  const signers = new Set(lines.map(({ site }) => site)).size;
  return `${formatCount(lines.length, "record")} in ${formatCount(refs, "row")}, signed by ${formatCount(signers, "key")}: every hash and signature is right`;
}

// Keys that are named are enough: whoever checks a log needs no site of their own.
async function trustedHere(context: Context, files: readonly string[] | undefined): Promise<Set<string>> {
  if (files === undefined)
    return withReader(context, await readConfig(context), async (store) => trustedKeys(store));
  const found = new Set<string>();
  for (const file of files) found.add((await openSiteKey(await readGiven(file))).fingerprint);
  return found;
}

async function readGiven(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unusable(file, "read", error);
  }
}

function unusable(file: string, what: string, cause: unknown): SluiceError {
  const why = (cause as NodeJS.ErrnoException).code ?? "unknown";
  return new SluiceError("usage", `The file ${file} cannot be ${what} (${why}): check path and mode.`, {
    cause,
  });
}
