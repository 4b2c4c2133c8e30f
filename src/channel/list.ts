import { snapshotTime } from "../base/names.ts";
import type { Claim } from "../ecosystems/contract.ts";
import type { Hole, SnapshotRecord } from "../snapshot/record.ts";
import {
  contentDate,
  readSnapshot,
  signedBy,
  storedMirrors,
  surveySnapshots,
  type Snapshot,
} from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { channelNames, channelsOf, findChannel, resolveId, type Channel } from "./channels.ts";
import { stateOf, type ChannelState } from "./expiry.ts";

/** What the config says of a mirror, for those that have no snapshot yet. */
export interface ConfiguredMirror {
  readonly name: string;
  readonly ecosystem: string;
  readonly mode: string;
  readonly unverified: boolean;
}

export interface ListedSnapshot {
  readonly id: string;
  readonly created: string;
  readonly packages: number;
  readonly files: number;
  readonly bytes: number;
  /** Listed packages that it does not have (`allow-missing`). */
  readonly holes?: number;
  readonly signedBy: readonly string[];
}

export interface ListedMirror {
  readonly name: string;
  readonly ecosystem: string;
  readonly mode: string;
  /** False where it is in the store, but no longer in the config. */
  readonly configured?: false;
  /** What vouches less than it should, in words; "unsigned: trust: none" for a mirror without keys. */
  readonly weak?: readonly string[];
  readonly snapshots: readonly ListedSnapshot[];
  readonly channels: Readonly<Record<string, string>>;
}

/** All mirrors of config and store, by name, with their snapshots (oldest first) and the channels that hold them; `damaged` tells of records that cannot be read. */
export async function listMirrors(
  store: ReadStore,
  configured: readonly ConfiguredMirror[],
): Promise<{ mirrors: ListedMirror[]; channels: ChannelState[]; damaged: readonly string[] }> {
  const names = new Set([...configured.map(({ name }) => name), ...(await storedMirrors(store))]);
  const found = await channelsNow(store);
  const channels = found.map(({ body }) => body);
  const listed: ListedMirror[] = [];
  const damaged: string[] = [];
  for (const name of [...names].toSorted()) {
    const { snapshots, faults } = await surveySnapshots(store, name);
    damaged.push(...faults);
    const config = configured.find((one) => one.name === name);
    const newest = snapshots.at(-1)?.body;
    if (config === undefined && newest === undefined) continue;
    const held = channels.filter(({ mirrors }) => mirrors[name] !== undefined);
    const weak = newest === undefined ? (config?.unverified === true ? [UNSIGNED] : []) : weaknesses(newest);
    listed.push({
      name,
      ecosystem: config?.ecosystem ?? newest?.ecosystem ?? "",
      mode: config?.mode ?? newest?.mode ?? "",
      ...(config === undefined && { configured: false }),
      ...(weak.length > 0 && { weak }),
      snapshots: snapshots.map(summary),
      channels: Object.fromEntries(held.map(({ channel, mirrors }) => [channel, mirrors[name] ?? ""])),
    });
  }
  return { mirrors: listed, channels: found.map(stateOf), damaged };
}

const UNSIGNED = "unsigned: trust: none";

async function channelsNow(store: ReadStore): Promise<Channel[]> {
  const found = await Promise.all((await channelNames(store)).map(async (name) => findChannel(store, name)));
  return found.filter((one) => one !== undefined);
}

function summary({ body }: Snapshot): ListedSnapshot {
  const { id, packages, files, bytes, holes = [] } = body;
  return {
    id,
    created: new Date(snapshotTime(id)).toISOString(),
    packages,
    files,
    bytes,
    ...(holes.length > 0 && { holes: holes.length }),
    signedBy: signedBy(body),
  };
}

/** What was weak about a snapshot's trust, each reason once. */
export function weaknesses(record: SnapshotRecord): string[] {
  const found = new Set(record.claims.flatMap((claim) => claim.weak));
  if (record.trust.kind === "none") found.add(UNSIGNED);
  return [...found];
}

export interface ShownSnapshot extends Omit<ListedSnapshot, "holes"> {
  readonly holes: readonly Hole[];
  readonly mirror: string;
  readonly ecosystem: string;
  readonly mode: string;
  readonly upstream: readonly string[];
  readonly acceptedAt: string;
  /** The newest date that the content claims, ISO; null where it claims none. */
  readonly contentDate: string | null;
  readonly claims: readonly Claim[];
  readonly weak: readonly string[];
  /** Those that hold it, with its id. */
  readonly channels: Readonly<Record<string, string>>;
  /** When each of them expires; null for one that does not say. */
  readonly expires: Readonly<Record<string, string | null>>;
  readonly pinned: string | null;
  readonly manifest: string;
}

/** One snapshot in full; `x` is an id or a channel. Throws unknown_snapshot or unknown_channel. */
export async function showSnapshot(
  store: ReadStore,
  mirror: string,
  x: string | undefined,
): Promise<ShownSnapshot> {
  const id = await resolveId(store, mirror, x);
  const first = await readSnapshot(store, mirror, id);
  const { body } = first;
  const date = contentDate(body);
  const channels = Object.entries(await channelsOf(store, mirror)).filter(([, held]) => held === id);
  const expires: Record<string, string | null> = {};
  for (const [name] of channels) expires[name] = (await findChannel(store, name))?.body.expires ?? null;
  return {
    mirror,
    ...summary(first),
    holes: body.holes ?? [],
    ecosystem: body.ecosystem,
    mode: body.mode,
    upstream: body.upstream,
    acceptedAt: body.acceptedAt,
    contentDate: date === undefined ? null : new Date(date).toISOString(),
    claims: body.claims,
    weak: weaknesses(body),
    channels: Object.fromEntries(channels),
    expires,
    pinned: body.pinned ?? null,
    manifest: body.manifest.sha256,
  };
}
