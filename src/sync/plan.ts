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

/** Room that the plan takes, folders and records included; in bytes. */
export function roomNeeded(plan: Plan): number {
  return Math.ceil(plan.fetchBytes * MARGIN) + plan.missing.length * PER_FILE;
}

/** Throws disk_full, with the figures, where the plan would not fit. */
export function checkRoom(plan: Plan, mirror: string): void {
  const need = roomNeeded(plan);
  if (need <= plan.freeBytes) return;
  throw new SluiceError(
    "disk_full",
    `Mirror '${mirror}' needs ${need} bytes more, but only ${plan.freeBytes} are free: make room for ${need - plan.freeBytes} bytes, or select less.`,
  );
}
