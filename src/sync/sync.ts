import { asSluiceError, type ErrorCode } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { findChannel, LATEST } from "../channel/channels.ts";
import type { Site } from "../channel/site.ts";
import { loadTrust } from "../config/trust.ts";
import type { MirrorConfig } from "../config/types.ts";
import type { Transport } from "../upstream/contract.ts";
import { HTTP_DEFAULTS } from "../upstream/http/options.ts";
import type { Network } from "./network.ts";
import { planFigures, type PlanFigures } from "./plan.ts";
import { runSync } from "./run.ts";

/** The last line of `sync --json` for one mirror. `snapshot` is the one that `latest` points to afterwards. */
export interface SyncResult {
  readonly mirror: string;
  readonly result: "updated" | "unchanged" | "failed" | "planned";
  readonly snapshot: string | null;
  readonly fetchedFiles: number;
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly seconds: number;
  /** Listed packages that the snapshot does without, where there are any. */
  readonly holes?: number;
  readonly plan?: PlanFigures;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly hint?: string;
}

export interface SyncRequest {
  readonly planOnly: boolean;
  readonly allowExpired: boolean;
  readonly allowOlder: boolean;
  readonly allowRename: boolean;
  readonly allowEmpty: boolean;
  /** How long to wait for another process's sync of the same mirror, in ms. */
  readonly waitMs: number;
  readonly network: Network;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** An upstream that is being updated needs a moment; a damaged one should be told of soon. */
const RESTART_PAUSE_MS = 500;

/** Syncs one mirror; never throws, a failure is a result. */
export async function syncMirror(
  site: Site,
  mirror: MirrorConfig,
  request: SyncRequest,
): Promise<SyncResult> {
  const started = performance.now();
  let fetchedFiles = 0;
  let fetchedBytes = 0;
  let sources: readonly Transport[] = [];
  const figures = (): Pick<SyncResult, "fetchedFiles" | "fetchedBytes" | "requests" | "seconds"> => ({
    fetchedFiles,
    fetchedBytes,
    requests: sources.reduce((sum, source) => sum + source.requests, 0),
    seconds: Math.round(performance.now() - started) / 1000,
  });
  try {
    const { signal, waitMs } = request;
    await using _held = await site.store.lock(`sync/${mirror.name}`, `sync of ${mirror.name}`, {
      waitMs,
      signal,
    });
    const trust = await loadTrust(mirror);
    sources = await request.network.open(mirror, request.emit);
    const outcome = await runSync({
      site,
      mirror,
      trust,
      sources,
      parallel: parallelism(mirror),
      allowExpired: request.allowExpired || mirror.allowExpired,
      allowOlder: request.allowOlder || mirror.allowOlder,
      allowRename: request.allowRename || mirror.allowRename,
      allowEmpty: request.allowEmpty || mirror.allowEmpty,
      allowMissing: mirror.allowMissing,
      planOnly: request.planOnly,
      emit: request.emit,
      signal,
      pauseMs: RESTART_PAUSE_MS,
      received: (bytes) => {
        fetchedFiles++;
        fetchedBytes += bytes;
      },
    });
    if (outcome.result === "planned") {
      const snapshot = await latestId(site, mirror.name);
      return {
        mirror: mirror.name,
        result: "planned",
        snapshot,
        ...figures(),
        plan: planFigures(outcome.plan),
      };
    }
    return { mirror: mirror.name, ...outcome, ...figures() };
  } catch (error) {
    const { code, message, hint } = asSluiceError(error);
    const snapshot = await latestId(site, mirror.name).catch(() => null);
    return {
      mirror: mirror.name,
      result: "failed",
      snapshot,
      ...figures(),
      error: { code, message },
      ...(hint !== undefined && { hint }),
    };
  } finally {
    await Promise.all(sources.map(async (source) => source.close()));
  }
}

async function latestId(site: Site, mirror: string): Promise<string | null> {
  return (await findChannel(site.store, LATEST))?.body.mirrors[mirror] ?? null;
}

/** How many files to ask for at a time. */
export function parallelism({ network }: Pick<MirrorConfig, "network">): number {
  const { connections = HTTP_DEFAULTS.connections, pipelining = HTTP_DEFAULTS.pipelining } = network;
  return connections * pipelining;
}
