import type { Site } from "../channel/site.ts";
import { checkShape } from "../snapshot/record-shape.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, latestRef, refHistory, type RefVersion } from "../store/refs.ts";
import type { CargoChannel } from "./contract.ts";

/** One export to a destination; the ref `exports/<destination>`, a version each. */
export interface ExportRecord {
  readonly to: { readonly kind: "medium" | "bundle"; readonly name: string };
  readonly channels: Readonly<Record<string, number>>;
  /** `mirror@id` */
  readonly snapshots: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** Of a bundle: its number for this destination, its id, and the numbers of those that it builds on. */
  readonly bundle?: ExportedBundle;
}

export interface ExportedBundle {
  readonly number: number;
  readonly id: string;
  readonly base: readonly number[];
  readonly plan?: BundlePlan;
}

/** What it takes, beside the snapshots, to make the same bundle again. */
export interface BundlePlan {
  readonly partBytes: number;
  readonly created: string;
  /** The records in their order, each with its newest version that went into it. */
  readonly refs: readonly (readonly [name: string, version: number])[];
  readonly channels: readonly CargoChannel[];
  /** Snapshots that the other side was taken to have, `mirror@id`. */
  readonly assumed: readonly string[];
}

/** Where exports go that name no site. */
export const ANYWHERE = "any";

const ref = (destination: string): string => `exports/${destination}`;

/** Names of all destinations that something was exported to. */
export async function destinations(store: ReadStore): Promise<string[]> {
  return (await store.listRefs("exports/")).map((name) => name.slice("exports/".length));
}

export async function exportsTo(store: ReadStore, destination: string): Promise<RefVersion<ExportRecord>[]> {
  return (await refHistory<ExportRecord>(store, ref(destination))).map(checkShape);
}

export async function writeExport(
  site: Site,
  to: ExportRecord["to"],
  done: { channels: readonly CargoChannel[]; snapshots: readonly string[]; files: number; bytes: number },
  { destination = ANYWHERE, bundle }: { destination?: string; bundle?: ExportRecord["bundle"] } = {},
): Promise<void> {
  const before = await latestRef<ExportRecord>(site.store, ref(destination));
  const channels = Object.fromEntries(done.channels.map(({ name, version }) => [name, version]));
  const { snapshots, files, bytes } = done;
  const body: ExportRecord = { to, channels, snapshots, files, bytes, ...(bundle && { bundle }) };
  await appendRef(site.store, await site.author(), ref(destination), before, {
    body,
    why: `export ${to.kind} ${to.name}`,
    at: site.clock(),
  });
}
