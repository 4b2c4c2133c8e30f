import { snapshotTime } from "../base/names.ts";
import { readRef } from "../store/refs.ts";
import type { ReadStore } from "../store/contract.ts";
import { checkShape } from "./record-shape.ts";
import type { SnapshotRecord } from "./record.ts";
import { snapshotIds, snapshotRef } from "./snapshots.ts";

const AT_ONCE = 32;

/**
 * Since when each root of a mirror has had its bytes: the time of the first snapshot with them, removed ones
 * included. As a Last-Modified this tells one state of a root from any other, since no two snapshots have one time;
 * and it stays the same where a snapshot changes other roots only.
 */
export class RootTimes {
  readonly #first = new Map<string, number>();
  readonly #seen = new Set<string>();

  /** Of these ids, those that `add` has not been given. */
  missing(ids: readonly string[]): string[] {
    return ids.filter((id) => !this.#seen.has(id));
  }

  add(id: string, roots: readonly { readonly path: string; readonly sha256: string }[]): void {
    this.#seen.add(id);
    const time = snapshotTime(id);
    for (const { path, sha256 } of roots) {
      const key = `${sha256} ${path}`;
      this.#first.set(key, Math.min(this.#first.get(key) ?? time, time));
    }
  }

  /** In milliseconds; undefined where no record names this root. */
  of(root: { readonly path: string; readonly sha256: string }): number | undefined {
    return this.#first.get(`${root.sha256} ${root.path}`);
  }
}

/** The root times of a mirror, brought up to date with its ids; `read` gives the first version of a snapshot's ref. */
export async function addRootTimes(
  times: RootTimes,
  ids: readonly string[],
  read: (id: string) => Promise<SnapshotRecord>,
): Promise<void> {
  const missing = [...new Set(times.missing(ids))];
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const batch = missing.slice(at, at + AT_ONCE);
    // An old record that is damaged costs a date, and no more: `sluice verify` is what names it.
    const records = await Promise.all(batch.map((id) => read(id).catch(() => undefined)));
    for (const [nth, id] of batch.entries()) times.add(id, records[nth]?.roots ?? []);
  }
}

export async function readRootTimes(store: ReadStore, mirror: string): Promise<RootTimes> {
  const times = new RootTimes();
  await addRootTimes(times, await snapshotIds(store, mirror), async (id) => {
    return checkShape(await readRef<SnapshotRecord>(store, snapshotRef(mirror, id), 1)).body;
  });
  return times;
}
