import { createHash } from "node:crypto";
import { sha256 } from "../../base/digest.ts";
import { channelRef } from "../../channel/channels.ts";
import { snapshotRef } from "../../snapshot/snapshots.ts";
import type { ReadStore } from "../../store/contract.ts";
import { latestRef } from "../../store/refs.ts";
import type { Cargo } from "../contract.ts";
import type { BundlePlan } from "../export-record.ts";
import type { Assumed } from "./assume.ts";
import { contentsOf, type Contents } from "./contents.ts";
import type { BundleManifest } from "./layout.ts";
import { planParts, type PartPlan } from "./plan.ts";

/** What a bundle is made from; the same gives the same bytes. */
export interface Ingredients {
  readonly cargo: Cargo;
  readonly assumed: Assumed;
  /** ms */
  readonly created: number;
  readonly destination: string;
  readonly partBytes: number;
}

/** A bundle before it is written. */
export interface Drafted extends Ingredients {
  /** Its id. */
  readonly bundle: string;
  readonly draft: Draft;
  readonly contents: Contents;
  readonly plan: readonly PartPlan[];
}

export async function draftBundle(store: ReadStore, ingredients: Ingredients): Promise<Drafted> {
  const { cargo, assumed, created, destination, partBytes } = ingredients;
  const contents = await contentsOf(store, cargo, assumed.blobs);
  const draft = draftOf(cargo, contents, assumed, destination, created);
  const sizes = contents.items.map(({ name, size }) => [name, size]);
  const bundle = sha256(JSON.stringify([draft, sizes, partBytes, textDigest(contents)]));
  return { ...ingredients, bundle, draft, contents, plan: planParts(contents.items, partBytes) };
}

/** What is noted of a bundle, so that it can be made again when the channels have moved on. */
export function planOf({ cargo, assumed, created, partBytes }: Drafted): BundlePlan {
  return {
    partBytes,
    created: new Date(created).toISOString(),
    refs: cargo.refs.map(({ name, versions }) => [name, versions.at(-1) ?? 0]),
    channels: cargo.channels,
    assumed: assumed.all,
  };
}

export type Draft = Omit<BundleManifest, "bundle" | "number" | "records" | "parts">;

function draftOf(
  cargo: Cargo,
  { files, bytes }: Contents,
  { base }: Assumed,
  destination: string,
  created: number,
): Draft {
  return {
    format: 1,
    site: cargo.site,
    destination,
    base: [...base],
    created: new Date(created).toISOString(),
    channels: cargo.channels.map((channel) => ({ ...channel, mirrors: { ...channel.mirrors } })),
    snapshots: cargo.snapshots.map(({ mirror, id, ecosystem, ...rest }) => ({
      mirror,
      id,
      ecosystem,
      files: rest.files,
      bytes: rest.bytes,
    })),
    files,
    bytes,
  };
}

function textDigest({ texts }: Contents): string {
  const hash = createHash("sha256");
  for (const [name, text] of texts) hash.update(`${name} ${text.length}\n`).update(text);
  return hash.digest("hex");
}

/** The time of a bundle, ms: that of its newest record. Never the clock's: the same content must give the same bytes. */
export async function newest(store: ReadStore, { channels, snapshots }: Cargo): Promise<number> {
  const names = [
    ...channels.map(({ name }) => channelRef(name)),
    ...snapshots.map(({ mirror, id }) => snapshotRef(mirror, id)),
  ];
  const times: number[] = [0];
  for (const name of names)
    times.push(Date.parse((await latestRef(store, name))?.at ?? "1970-01-01T00:00:00Z"));
  return Math.max(...times);
}
