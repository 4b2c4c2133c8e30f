import { SluiceError } from "../base/errors.ts";
import { isSnapshotId } from "../base/names.ts";
import { latestRef, readRef, refHistory, type RefVersion } from "../store/refs.ts";
import type { ReadStore } from "../store/contract.ts";
import { checkShape } from "../snapshot/record-shape.ts";
import type { ChannelRecord } from "../snapshot/record.ts";

export type Channel = RefVersion<ChannelRecord>;

/** The channel that sync moves, and nothing else. */
export const LATEST = "latest";

export function channelRef(channel: string): string {
  return `channels/${channel}`;
}

/** Names of all channels, sorted. */
export async function channelNames(store: ReadStore): Promise<string[]> {
  return (await store.listRefs("channels/")).map((ref) => ref.slice("channels/".length));
}

/** The channel as it is now; undefined where there is none. */
export async function findChannel(store: ReadStore, channel: string): Promise<Channel | undefined> {
  const found = await latestRef<ChannelRecord>(store, channelRef(channel));
  return found && checkShape(found);
}

/** As findChannel, but throws unknown_channel. */
export async function readChannel(store: ReadStore, channel: string): Promise<Channel> {
  const found = await findChannel(store, channel);
  if (found !== undefined) return found;
  throw new SluiceError(
    "unknown_channel",
    channel === LATEST
      ? "There is no snapshot yet, so that the channel 'latest' is empty: run `sluice sync`."
      : `There is no channel '${channel}': see \`sluice list\`.`,
  );
}

/** Every version of the channel, oldest first. */
export async function channelHistory(store: ReadStore, channel: string): Promise<Channel[]> {
  return (await refHistory<ChannelRecord>(store, channelRef(channel))).map(checkShape);
}

export async function channelVersion(store: ReadStore, channel: string, version: number): Promise<Channel> {
  return checkShape(await readRef<ChannelRecord>(store, channelRef(channel), version));
}

/** Channels that hold the mirror, with the snapshot that each points to. */
export async function channelsOf(store: ReadStore, mirror: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await channelNames(store)) {
    const id = (await findChannel(store, name))?.body.mirrors[mirror];
    if (id !== undefined) found[name] = id;
  }
  return found;
}

/** The snapshot id that `MIRROR@X` means; X is an id or a channel, `latest` where it is left out. Throws unknown_channel or unknown_snapshot. */
export async function resolveId(store: ReadStore, mirror: string, x: string = LATEST): Promise<string> {
  if (isSnapshotId(x)) return x;
  const id = (await findChannel(store, x))?.body.mirrors[mirror];
  if (id !== undefined) return id;
  if (x === LATEST) {
    const others = Object.keys(await channelsOf(store, mirror));
    if (others.length > 0)
      throw new SluiceError(
        "unknown_channel",
        `Mirror '${mirror}' is not in the channel 'latest', but in ${others.join(", ")}: say which, as ${mirror}@${others[0]} or by --channel.`,
      );
    throw new SluiceError(
      "unknown_snapshot",
      `Mirror '${mirror}' has no snapshot yet: run \`sluice sync ${mirror}\`.`,
    );
  }
  throw new SluiceError(
    "unknown_channel",
    `Mirror '${mirror}' is not in a channel '${x}': see \`sluice list\`.`,
  );
}
