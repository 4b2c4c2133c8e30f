import { SluiceError } from "../base/errors.ts";
import { channelNames, channelRef, findChannel } from "../channel/channels.ts";
import { foreignSites, IDENTITY, siteFolder } from "../channel/identity-row.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { findSnapshot, snapshotRef, type Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Cargo, CargoChannel, CargoRef, CargoSnapshot } from "./contract.ts";

/** What is to travel. Lists that are absent mean: all channels, all mirrors, no snapshots beside those of the channels. */
export interface Selection {
  readonly channels?: readonly string[] | undefined;
  readonly mirrors?: readonly string[] | undefined;
  readonly snapshots?: readonly { readonly mirror: string; readonly id: string }[] | undefined;
}

/** Reads of a store what is to travel. At the receiving end (`partial`) a channel may name snapshots that were not sent: those are left out. */
export async function loadCargo(
  store: ReadStore,
  site: string,
  selection: Selection,
  { partial = false }: { partial?: boolean } = {},
): Promise<Cargo> {
  const wantsMirror = (mirror: string): boolean => selection.mirrors?.includes(mirror) ?? true;
  const snapshots = new Map<string, Snapshot>();
  const add = async (mirror: string, id: string): Promise<boolean> => {
    const found = await findSnapshot(store, mirror, id);
    if (found !== undefined) snapshots.set(`${mirror}/${id}`, found);
    else if (!partial)
      throw new SluiceError(
        "unknown_snapshot",
        `There is no snapshot ${mirror}@${id}: see \`sluice show ${mirror}\`.`,
      );
    return found !== undefined;
  };
  const channels: CargoChannel[] = [];
  for (const name of await channelsOf(store, selection)) {
    const found = await findChannel(store, name);
    if (found === undefined)
      throw new SluiceError("unknown_channel", `There is no channel '${name}': see \`sluice list\`.`);
    const mirrors: Record<string, string> = {};
    for (const [mirror, id] of Object.entries(found.body.mirrors))
      if (wantsMirror(mirror) && (await add(mirror, id))) mirrors[mirror] = id;
    const { expires } = found.body;
    channels.push({ name, version: found.version, mirrors, ...(expires && { expires }) });
  }
  for (const { mirror, id } of selection.snapshots ?? []) await add(mirror, id);
  const sorted = [...snapshots].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, snapshot]) => snapshot);
  return {
    site,
    refs: await refsOf(store, sorted, channels),
    channels,
    snapshots: sorted.map(({ body }) => cargoSnapshot(body)),
  };
}

async function channelsOf(store: ReadStore, { channels, snapshots }: Selection): Promise<readonly string[]> {
  if (channels !== undefined) return [...new Set(channels)].toSorted();
  return snapshots === undefined ? await channelNames(store) : [];
}

function cargoSnapshot({
  mirror,
  id,
  ecosystem,
  manifest,
  trust,
  files,
  bytes,
}: SnapshotRecord): CargoSnapshot {
  const keyrings = trust.kind === "keys" ? trust.keyrings.map(({ sha256 }) => sha256) : [];
  return { mirror, id, ecosystem, manifest, keyrings, files, bytes };
}

// Who signs comes first, channels last: whoever reads refs while they are written finds nothing that dangles.
async function refsOf(
  store: ReadStore,
  snapshots: readonly Snapshot[],
  channels: readonly CargoChannel[],
): Promise<CargoRef[]> {
  const origins = snapshots.map(({ body }) => body.origin).filter((origin) => origin !== undefined);
  const sites = new Set(origins.map(({ site }) => site));
  const names = [IDENTITY];
  for (const site of await foreignSites(store))
    if (sites.has(site)) names.push(`${siteFolder(site)}${IDENTITY}`);
  for (const { body } of snapshots) {
    const { origin, id } = body;
    if (origin !== undefined) names.push(`${siteFolder(origin.site)}${snapshotRef(origin.mirror, id)}`);
    names.push(snapshotRef(body.mirror, body.id));
  }
  names.push(...(await store.listRefs("imports/")));
  names.push(...channels.map(({ name }) => channelRef(name)));
  const refs: CargoRef[] = [];
  for (const name of names) refs.push({ name, versions: await store.refVersions(name) });
  return refs.filter(({ versions }) => versions.length > 0);
}
