import { SluiceError } from "../base/errors.ts";
import type { BlobInfo, PruneStore } from "../store/contract.ts";
import type { Entry } from "../upstream/contract.ts";
import { contentKey, presentBlob } from "./fetch.ts";

/** What a sync has to do. Each content counts once; bytes of files without a signed size count as none. */
export interface Plan {
  readonly files: number;
  readonly bytes: number;
  /** Files to fetch, each content once. */
  readonly missing: readonly Entry[];
  readonly fetchBytes: number;
  readonly freeBytes: number;
  /** Blobs that are here, by content key. */
  readonly present: Map<string, BlobInfo>;
}

/** Blocks, folders and records need some room beside the bytes. */
const MARGIN = 1.02;
const PER_FILE = 4096;

/** Looks which of the entries the store has. `known` are blobs that this run has read or fetched already. */
export async function planFetch(
  store: PruneStore,
  entries: Iterable<Entry>,
  known: ReadonlyMap<string, BlobInfo>,
): Promise<Plan> {
  const present = new Map<string, BlobInfo>();
  const missing = new Map<string, Entry>();
  let files = 0;
  let bytes = 0;
  let fetchBytes = 0;
  for (const entry of entries) {
    files++;
    const key = contentKey(entry);
    if (present.has(key) || missing.has(key)) continue;
    bytes += entry.size ?? 0;
    const blob = known.get(key) ?? (await presentBlob(store, entry));
    if (blob !== undefined) {
      present.set(key, blob);
    } else {
      missing.set(key, entry);
      fetchBytes += entry.size ?? 0;
    }
  }
  return {
    files,
    bytes,
    missing: [...missing.values()],
    fetchBytes,
    freeBytes: await store.freeBytes(),
    present,
  };
}

// Folders and records included; in bytes.
function room(fetchBytes: number, fetchFiles: number): number {
  return Math.ceil(fetchBytes * MARGIN) + fetchFiles * PER_FILE;
}

/** A plan in figures, for people and for `--json`. */
export interface PlanFigures {
  readonly files: number;
  readonly bytes: number;
  readonly fetchFiles: number;
  readonly fetchBytes: number;
  readonly freeBytes: number;
  readonly fits: boolean;
}

export function planFigures({ files, bytes, missing, fetchBytes, freeBytes }: Plan): PlanFigures {
  const fits = room(fetchBytes, missing.length) <= freeBytes;
  return { files, bytes, fetchFiles: missing.length, fetchBytes, freeBytes, fits };
}

/** All of these plans in one; what several of them need is counted for each. */
export function sumOfPlans(plans: readonly PlanFigures[]): PlanFigures {
  const sum = (of: (plan: PlanFigures) => number): number => plans.reduce((total, one) => total + of(one), 0);
  const [fetchFiles, fetchBytes] = [sum((plan) => plan.fetchFiles), sum((plan) => plan.fetchBytes)];
  const freeBytes = Math.min(...plans.map((plan) => plan.freeBytes));
  return {
    files: sum((plan) => plan.files),
    bytes: sum((plan) => plan.bytes),
    fetchFiles,
    fetchBytes,
    freeBytes,
    fits: room(fetchBytes, fetchFiles) <= freeBytes,
  };
}

/** Throws disk_full, with the figures, where the plan would not fit. */
export function checkRoom(plan: Plan, mirror: string): void {
  const need = room(plan.fetchBytes, plan.missing.length);
  if (need <= plan.freeBytes) return;
  throw new SluiceError(
    "disk_full",
    `Mirror '${mirror}' needs ${need} bytes more, but only ${plan.freeBytes} are free: make room for ${need - plan.freeBytes} bytes, or select less.`,
  );
}
