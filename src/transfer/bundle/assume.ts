import { findSnapshot } from "../../snapshot/snapshots.ts";
import type { ReadStore } from "../../store/contract.ts";
import { exportsTo } from "../export-record.ts";
import { blobsOf } from "./contents.ts";

/** What the other side is taken to have: nothing, what was exported to it before but for the last N, or the snapshots that its receipt names. */
export type Assumption =
  | { readonly kind: "nothing" }
  | { readonly kind: "exports"; readonly overlap: number }
  | {
      readonly kind: "snapshots";
      readonly snapshots: readonly string[];
      readonly bundles: readonly number[];
    };

export interface Assumed {
  readonly blobs: ReadonlySet<string>;
  /** Numbers of the bundles that these came with. */
  readonly base: readonly number[];
  /** All of these snapshots, `mirror@id`. */
  readonly all: readonly string[];
  /** The newest snapshot of each mirror among them, `mirror@id`: what a report compares with. */
  readonly snapshots: ReadonlyMap<string, string>;
}

const NOTHING: Assumed = { blobs: new Set(), base: [], all: [], snapshots: new Map() };

/** Finds out what an assumption comes to. Snapshots that are gone here count for nothing. */
export async function assumedOf(
  store: ReadStore,
  destination: string,
  assumption: Assumption,
): Promise<Assumed> {
  if (assumption.kind === "nothing") return NOTHING;
  if (assumption.kind === "snapshots") return assumedFrom(store, assumption.snapshots, assumption.bundles);
  const bundles = (await exportsTo(store, destination)).filter(({ body }) => body.bundle !== undefined);
  // The same bundle may have been written several times.
  const numbers = [...new Set(bundles.map(({ body }) => body.bundle?.number ?? 0))].toSorted((a, b) => a - b);
  const taken = numbers.slice(0, Math.max(0, numbers.length - assumption.overlap));
  const names = bundles
    .filter(({ body }) => taken.includes(body.bundle?.number ?? 0))
    .flatMap(({ body }) => body.snapshots);
  return assumedFrom(store, names, taken);
}

/** What these snapshots come to. */
export async function assumedFrom(
  store: ReadStore,
  names: readonly string[],
  base: readonly number[],
): Promise<Assumed> {
  const snapshots = [];
  const newest = new Map<string, string>();
  for (const name of new Set(names)) {
    const [mirror = "", id = ""] = name.split("@");
    const snapshot = await findSnapshot(store, mirror, id);
    if (snapshot === undefined) continue;
    snapshots.push({ mirror, id, manifest: snapshot.body.manifest });
    if (id > (newest.get(mirror) ?? "")) newest.set(mirror, id);
  }
  const all = snapshots.map(({ mirror, id }) => `${mirror}@${id}`);
  return { blobs: await blobsOf(store, snapshots), base, all, snapshots: newest };
}
