import { statfs } from "node:fs/promises";
import { auditRefs } from "../channel/audit.ts";
import { channelNames, findChannel } from "../channel/channels.ts";
import { stateOf, type ChannelState } from "../channel/expiry.ts";
import { foreignSites, readIdentityRow, siteFolder } from "../channel/identity-row.ts";
import { blobState } from "../snapshot/blob-state.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { findSnapshot, storedMirrors, surveySnapshots } from "../snapshot/snapshots.ts";
import { ownName, type FindKey } from "../store/refs.ts";
import type { ReadStore } from "../store/contract.ts";
import { loadCargo, type Selection } from "./cargo.ts";
import { bytesOf, lackingBlobs } from "./send.ts";

export interface MediumState {
  /** The id of the site that it is of; null where it does not say. */
  readonly site: string | null;
  readonly channels: readonly ChannelState[];
  readonly snapshots: readonly MediumSnapshot[];
  /** Distinct files of all snapshots together, with their bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly freeBytes: number;
  /** One sentence for each record that is not genuine, and for each snapshot with files that are missing or bad. */
  readonly faults: readonly string[];
}

export interface MediumSnapshot {
  readonly mirror: string;
  readonly id: string;
  readonly files: number;
  readonly bytes: number;
  /** Channels of the medium that hold it. */
  readonly channels: readonly string[];
}

/** What a medium holds, and whether it is whole: every record is checked, and every file is there in its size; with `deep`, every byte is read. Writes nothing. */
export async function mediumState(
  store: ReadStore,
  folder: string,
  { deep, signal }: { deep: boolean; signal: AbortSignal },
): Promise<MediumState> {
  const faults = [...(await auditRefs(store, "", await keysOf(store))).faults];
  const channels: ChannelState[] = [];
  const held = new Map<string, string[]>();
  for (const name of await channelNames(store)) {
    const found = await findChannel(store, name);
    if (found === undefined) continue;
    channels.push(stateOf(found));
    for (const [mirror, id] of Object.entries(found.body.mirrors))
      held.set(`${mirror}@${id}`, [...(held.get(`${mirror}@${id}`) ?? []), name]);
  }
  const snapshots: MediumSnapshot[] = [];
  const seen = new Map<string, { size: number; isSound: boolean }>();
  for (const mirror of await storedMirrors(store)) {
    const survey = await surveySnapshots(store, mirror);
    for (const { body } of survey.snapshots) {
      signal.throwIfAborted();
      const { id, files, bytes } = body;
      snapshots.push({ mirror, id, files, bytes, channels: held.get(`${mirror}@${id}`) ?? [] });
      const fault = await snapshotFault(store, body, seen, deep, signal);
      if (fault !== undefined) faults.push(fault);
    }
  }
  const sizes = [...seen.values()].map(({ size }) => size);
  const { bavail, bsize } = await statfs(folder);
  return {
    site: (await readIdentityRow(store))?.id ?? null,
    channels,
    snapshots,
    files: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    freeBytes: bavail * bsize,
    faults: [...new Set(faults)],
  };
}

async function keysOf(store: ReadStore): Promise<FindKey> {
  const rows = new Map([["", await readIdentityRow(store)]]);
  for (const id of await foreignSites(store))
    rows.set(siteFolder(id), await readIdentityRow(store, siteFolder(id)));
  return async (fingerprint, ref) =>
    rows.get(ref.slice(0, ref.length - ownName(ref).length))?.keys.get(fingerprint);
}

async function snapshotFault(
  store: ReadStore,
  { mirror, id, manifest, trust }: SnapshotRecord,
  seen: Map<string, { size: number; isSound: boolean }>,
  deep: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const what = `${mirror}@${id}`;
  if ((await blobState(store, manifest.sha256, manifest.size)) !== "sound")
    return `${what}: its manifest is missing or bad; export to the medium again.`;
  const bad: string[] = [];
  for (const { name, sha256 } of trust.kind === "keys" ? trust.keyrings : [])
    if ((await blobState(store, sha256, undefined)) !== "sound") bad.push(name);
  for (const { path, sha256, size } of await readManifest(store, manifest, what)) {
    signal.throwIfAborted();
    const known = seen.get(sha256) ?? { size, isSound: await isSound(store, sha256, size, deep) };
    seen.set(sha256, known);
    if (!known.isSound) bad.push(path);
  }
  if (bad.length === 0) return undefined;
  const which = bad.length === 1 ? `'${bad[0]}' is` : `'${bad[0]}' and ${bad.length - 1} more are`;
  return `${what}: ${which} missing or bad; export to the medium again.`;
}

async function isSound(store: ReadStore, sha256: string, size: number, deep: boolean): Promise<boolean> {
  if (deep) return (await blobState(store, sha256, size)) === "sound";
  return (await store.statBlob(sha256))?.size === size;
}

export interface MediumDiff {
  /** The version of each channel here and on the medium; null where it is not there. */
  readonly channels: readonly {
    readonly channel: string;
    readonly here: number;
    readonly medium: number | null;
  }[];
  /** `mirror@id` that an export would bring. */
  readonly coming: readonly string[];
  /** `mirror@id` that only the medium has now, or that are not selected. */
  readonly only: readonly string[];
  /** What an export would copy. */
  readonly files: number;
  readonly bytes: number;
  readonly freeBytes: number;
}

/** What an export of this selection to the medium would change. Writes nothing. */
export async function mediumDiff(
  store: ReadStore,
  medium: ReadStore,
  folder: string,
  selection: Selection,
): Promise<MediumDiff> {
  const cargo = await loadCargo(store, (await readIdentityRow(store))?.id ?? "", selection);
  const channels = [];
  for (const { name, version } of cargo.channels)
    channels.push({
      channel: name,
      here: version,
      medium: (await findChannel(medium, name))?.version ?? null,
    });
  const selected = new Set(cargo.snapshots.map(({ mirror, id }) => `${mirror}@${id}`));
  const coming: string[] = [];
  for (const { mirror, id } of cargo.snapshots)
    if ((await findSnapshot(medium, mirror, id)) === undefined) coming.push(`${mirror}@${id}`);
  const only: string[] = [];
  for (const mirror of await storedMirrors(medium))
    for (const { body } of (await surveySnapshots(medium, mirror)).snapshots)
      if (!selected.has(`${mirror}@${body.id}`)) only.push(`${mirror}@${body.id}`);
  const lacking = await lackingBlobs(store, medium, cargo);
  const { bavail, bsize } = await statfs(folder);
  const bytes = bytesOf(lacking);
  return { channels, coming, only, files: lacking.size, bytes, freeBytes: bavail * bsize };
}
