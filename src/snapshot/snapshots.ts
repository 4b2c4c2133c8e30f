import { SluiceError } from "../base/errors.ts";
import { isSnapshotId } from "../base/names.ts";
import { appendRef, latestRef, type Author, type RefVersion } from "../store/refs.ts";
import type { ReadStore, WriteStore } from "../store/contract.ts";
import { checkShape } from "./record-shape.ts";
import type { SnapshotRecord } from "./record.ts";

export type Snapshot = RefVersion<SnapshotRecord>;

export function snapshotRef(mirror: string, id: string): string {
  return `snapshots/${mirror}/${id}`;
}

/** Names of all mirrors that the store has, or had, snapshots of. */
export async function storedMirrors(store: ReadStore): Promise<string[]> {
  const names = new Set<string>();
  for (const ref of await store.listRefs("snapshots/")) names.add(ref.split("/")[1] ?? "");
  return [...names].toSorted();
}

/** Ids of a mirror's snapshots, oldest first, removed ones included. */
export async function snapshotIds(store: ReadStore, mirror: string): Promise<string[]> {
  const prefix = `snapshots/${mirror}/`;
  const refs = await store.listRefs(prefix);
  return refs.map((ref) => ref.slice(prefix.length)).filter((id) => isSnapshotId(id));
}

/** A mirror's snapshots, oldest first, without those that were removed. */
export async function listSnapshots(store: ReadStore, mirror: string): Promise<Snapshot[]> {
  const ids = await snapshotIds(store, mirror);
  const all = await Promise.all(ids.map((id) => findSnapshot(store, mirror, id)));
  return all.filter((one) => one !== undefined);
}

/** As listSnapshots, but a record that is damaged becomes a sentence, and the others are still read. */
export async function surveySnapshots(
  store: ReadStore,
  mirror: string,
): Promise<{ snapshots: Snapshot[]; faults: string[] }> {
  const snapshots: Snapshot[] = [];
  const faults: string[] = [];
  for (const id of await snapshotIds(store, mirror)) {
    try {
      const found = await findSnapshot(store, mirror, id);
      if (found !== undefined) snapshots.push(found);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      faults.push(error.message);
    }
  }
  return { snapshots, faults };
}

/** The snapshot as its newest version has it; undefined where there is none or it was removed. */
export async function findSnapshot(
  store: ReadStore,
  mirror: string,
  id: string,
): Promise<Snapshot | undefined> {
  const found = await newestVersion(store, mirror, id);
  return found?.body.removed === undefined ? found : undefined;
}

/** As findSnapshot, but throws unknown_snapshot. */
export async function readSnapshot(store: ReadStore, mirror: string, id: string): Promise<Snapshot> {
  const found = await findSnapshot(store, mirror, id);
  if (found === undefined) {
    throw new SluiceError(
      "unknown_snapshot",
      `Mirror '${mirror}' has no snapshot ${id}: see \`sluice list\`.`,
    );
  }
  return found;
}

/** The newest snapshot that was ever made of the mirror, even a removed one: what a sync must not go behind. */
export async function lastSnapshot(store: ReadStore, mirror: string): Promise<Snapshot | undefined> {
  const id = (await snapshotIds(store, mirror)).at(-1);
  return id === undefined ? undefined : newestVersion(store, mirror, id);
}

async function newestVersion(store: ReadStore, mirror: string, id: string): Promise<Snapshot | undefined> {
  const found = await latestRef<SnapshotRecord>(store, snapshotRef(mirror, id));
  return found && checkShape(found);
}

/** Writes the first version of a snapshot's ref. */
export async function createSnapshot(
  store: WriteStore,
  author: Author,
  record: SnapshotRecord,
  why: string,
  at: number,
): Promise<Snapshot> {
  return appendRef(store, author, snapshotRef(record.mirror, record.id), undefined, {
    body: record,
    why,
    at,
  });
}

/** Changes what a site may change of a snapshot: pin, trust as re-verified, removal. The content never changes. */
export async function amendSnapshot(
  store: WriteStore,
  author: Author,
  snapshot: Snapshot,
  change: { body: SnapshotRecord; why: string; at: number },
): Promise<Snapshot> {
  return appendRef(store, author, snapshot.ref, snapshot, change);
}

/** The newest date that a snapshot's roots claim, in ms; undefined where they claim none. */
export function contentDate(record: SnapshotRecord): number | undefined {
  const dates = record.claims.map((claim) => claim.date).filter((date) => date !== undefined);
  return dates.length === 0 ? undefined : Math.max(...dates);
}

/** Fingerprints of those who vouched, each once. */
export function signedBy(record: SnapshotRecord): string[] {
  return [...new Set(record.claims.flatMap((claim) => claim.signers.map((signer) => signer.fingerprint)))];
}
