import { SluiceError } from "../../base/errors.ts";
import type { MirrorConfig } from "../../config/types.ts";
import { createNetwork } from "../../sync/network.ts";
import { sumOfPlans, type PlanFigures } from "../../sync/plan.ts";
import { syncMirror, type SyncResult } from "../../sync/sync.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount, formatSeconds } from "../format.ts";
import { favourMemory } from "../memory.ts";
import { createProgress } from "../progress.ts";
import { chosenMirrors, withSite } from "../site.ts";

export interface SyncOptions {
  readonly plan?: boolean;
  readonly wait?: string | boolean;
  readonly allowOlder?: boolean;
  readonly allowExpired?: boolean;
  readonly allowRename?: boolean;
  readonly allowEmpty?: boolean;
}

const SIDE_BY_SIDE = 2;

/** `sluice sync`: brings mirrors up to date, two side by side. */
export async function sync(context: Context, names: readonly string[], options: SyncOptions): Promise<void> {
  favourMemory();
  const config = await readConfig(context);
  const mirrors = chosenMirrors(config, names);
  if (mirrors.length === 0) {
    throw new SluiceError("config_invalid", `${config.file} has no mirrors yet: add one under \`mirrors:\`.`);
  }
  if (!context.options.quiet) warnOfFilters(context, mirrors);
  const progress = createProgress(context.io, context.options);
  const request = {
    planOnly: options.plan === true,
    allowExpired: options.allowExpired === true,
    allowOlder: options.allowOlder === true,
    allowRename: options.allowRename === true,
    allowEmpty: options.allowEmpty === true,
    waitMs: waitMs(options.wait),
    network: createNetwork(config.network),
    emit: progress.emit,
    signal: context.signal,
  };
  const results = new Map<string, SyncResult>();
  await withSite(context, config, async (site) => {
    const queue = mirrors.values();
    const worker = async (): Promise<void> => {
      for (const mirror of queue) {
        const result = await syncMirror(site, mirror, request);
        results.set(mirror.name, result);
        progress.finish(mirror.name, () => report(context, result));
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  });
  progress.done();
  reportTotal(context, [...results.values()]);
  for (const { name } of mirrors) {
    const { hint: _hint, ...line } = results.get(name) ?? { mirror: name };
    context.output.json(line);
  }
  if ([...results.values()].some((result) => result.result === "failed")) context.fail();
}

function warnOfFilters({ output }: Context, mirrors: readonly MirrorConfig[]): void {
  for (const { name, ecosystem, options } of mirrors)
    for (const remark of ecosystem.remarks?.(options) ?? []) output.warn(`${name}: ${remark}`);
}

// --wait alone waits for as long as it takes.
function waitMs(wait: string | boolean | undefined): number {
  if (wait === undefined || wait === false) return 0;
  if (wait === true) return 365 * 86_400_000;
  const seconds = Number(wait);
  if (!/^\d{1,8}$/.test(wait)) throw new SluiceError("usage", `--wait takes seconds, not '${wait}'.`);
  return seconds * 1000;
}

function report({ output }: Context, result: SyncResult): void {
  const { mirror, snapshot, plan, error } = result;
  const missing = result.holes === undefined ? "" : `, without ${formatCount(result.holes, "package")}`;
  const cost = `${formatCount(result.requests, "request")}, ${formatSeconds(result.seconds)}`;
  if (result.result === "failed" && error !== undefined) {
    const kept = snapshot === null ? "" : ` Snapshot ${snapshot} stays as it is.`;
    output.error(
      new SluiceError(
        error.code,
        `${mirror}: ${error.message}${kept}`,
        result.hint === undefined ? {} : { hint: result.hint },
      ),
    );
  } else if (plan !== undefined) {
    output.line(`${mirror}: ${planText(plan)}`);
  } else if (result.result === "unchanged") {
    output.line(`${mirror}: unchanged, ${snapshot} (${cost})${missing}`);
  } else {
    const fetched = `${formatCount(result.fetchedFiles, "file")}, ${formatBytes(result.fetchedBytes)} fetched`;
    output.line(`${mirror}: new snapshot ${snapshot} (${fetched}, ${cost})${missing}`);
  }
}

// Each mirror alone may fit where all of them do not.
function reportTotal({ output }: Context, results: readonly SyncResult[]): void {
  const plans = results.flatMap(({ plan }) => plan ?? []);
  if (plans.length < 2) return;
  const plan = sumOfPlans(plans);
  output.json({ event: "total", mirrors: plans.length, plan });
  output.line(`all ${plans.length} mirrors: ${planText(plan)}`);
}

function planText(plan: PlanFigures): string {
  const fits = plan.fits ? "fits" : "DOES NOT FIT";
  return `would fetch ${formatCount(plan.fetchFiles, "file")}, ${formatBytes(plan.fetchBytes)}, of ${formatCount(plan.files, "file")}, ${formatBytes(plan.bytes)}; ${formatBytes(plan.freeBytes)} free: ${fits}`;
}
