import { isDeepStrictEqual } from "node:util";
import { SluiceError } from "../base/errors.ts";
import { channelHistory, channelRef, findChannel } from "../channel/channels.ts";
import type { Site } from "../channel/site.ts";
import type { ChannelRecord } from "../snapshot/record.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, readRef } from "../store/refs.ts";
import type { Cargo, CargoChannel } from "./contract.ts";
import { importedSites, keptAt, lastImport, type ImportRecord } from "./import-record.ts";

export interface ChannelMove {
  readonly channel: string;
  /** The sender's version that it follows. */
  readonly version: number;
  readonly mirrors: Readonly<Record<string, string>>;
  /** ISO; null where the sender does not say. */
  readonly expires: string | null;
}

/** What the sender's channels are followed with. */
export interface Following {
  readonly site: Site;
  readonly sender: string;
  /** Their names of mirrors, and ours. */
  readonly names: ReadonlyMap<string, string>;
  readonly before: ImportRecord | undefined;
  /** What it came from, as the log says it. */
  readonly from: string;
}

/**
 * Moves this site's channels after the sender's. A mirror moves only for what the sender says anew, so that what was moved here meanwhile stays; one that left the
 * sender's channel stays too, and is told of. Held after the sender's records were kept.
 */
export async function followChannels(
  following: Following,
  cargo: Cargo,
): Promise<{ moves: ChannelMove[]; notices: string[] }> {
  const moves: ChannelMove[] = [];
  const notices: string[] = [];
  for (const channel of cargo.channels) {
    const previous = await takenBefore(following, channel);
    for (let attempt = 0; ; attempt++) {
      try {
        const move = await followOne(following, channel, previous?.mirrors ?? {});
        if (move !== undefined) moves.push(move);
        break;
      } catch (error) {
        const lost = error instanceof SluiceError && error.code === "ref_conflict";
        if (!lost || attempt >= 50) throw error;
      }
    }
    if (previous !== undefined) notices.push(...(await leftNotices(following, channel, previous.mirrors)));
  }
  return { moves, notices };
}

async function followOne(
  { site, sender, names, from }: Following,
  { name, version, mirrors: theirs }: CargoChannel,
  previous: Readonly<Record<string, string>>,
): Promise<ChannelMove | undefined> {
  const history = await channelHistory(site.store, name);
  const base = history.at(-1);
  const changed: Record<string, string> = {};
  for (const [mirror, id] of Object.entries(theirs)) {
    const ours = names.get(mirror) ?? mirror;
    const isKnown = previous[mirror] === id && history.some(({ body }) => body.mirrors[ours] !== undefined);
    if (!isKnown && base?.body.mirrors[ours] !== id) changed[ours] = id;
  }
  const expires = await followedExpiry(site.store, sender, name, version);
  const isMoved = base === undefined || Object.keys(changed).length > 0;
  if (!isMoved && base.body.expires === expires) return undefined;
  const body: ChannelRecord = isMoved
    ? { channel: name, mirrors: { ...base?.body.mirrors, ...changed }, ...(expires && { expires }) }
    : { ...base.body, ...(expires && { expires }) };
  if (isDeepStrictEqual(base?.body, body)) return undefined;
  const change = { body, why: `import ${from}`, at: site.clock() };
  await appendRef(site.store, await site.author(), channelRef(name), base, change);
  return { channel: name, version, mirrors: changed, expires: expires ?? null };
}

/** True where a mirror of the cargo was never in this site's channel: what an import that was stopped, or of some mirrors only, left undone. */
export async function lacksMirrors(
  store: ReadStore,
  { channels }: Cargo,
  names: ReadonlyMap<string, string>,
): Promise<boolean> {
  for (const { name, mirrors } of channels) {
    const history = await channelHistory(store, name);
    for (const mirror of Object.keys(mirrors))
      if (!history.some(({ body }) => body.mirrors[names.get(mirror) ?? mirror] !== undefined)) return true;
  }
  return false;
}

async function takenBefore(
  { site, sender, before }: Following,
  { name }: CargoChannel,
): Promise<ChannelRecord | undefined> {
  const version = before?.channels[name];
  if (version === undefined) return undefined;
  return (await readRef<ChannelRecord>(site.store, keptAt(sender)(channelRef(name)), version)).body;
}

async function leftNotices(
  { site, sender, names, before }: Following,
  { name, version }: CargoChannel,
  previous: Readonly<Record<string, string>>,
): Promise<string[]> {
  const now = await readRef<ChannelRecord>(site.store, keptAt(sender)(channelRef(name)), version);
  const here = (await findChannel(site.store, name))?.body.mirrors ?? {};
  const notices: string[] = [];
  for (const mirror of Object.keys(previous)) {
    const ours = names.get(mirror) ?? before?.mirrors[mirror] ?? mirror;
    if (now.body.mirrors[mirror] !== undefined || here[ours] === undefined) continue;
    notices.push(
      `${ours} has left the sender's channel '${name}'; here the channel goes on holding ${ours}@${here[ours]}, which gets no more updates.`,
    );
  }
  return notices;
}

// A channel may follow several senders: it is as fresh as the one that has been silent for longest.
async function followedExpiry(
  store: ReadStore,
  sender: string,
  channel: string,
  version: number,
): Promise<string | undefined> {
  const versions = new Map([[sender, version]]);
  for (const site of await importedSites(store)) {
    const taken = (await lastImport(store, site))?.channels[channel];
    if (site !== sender && taken !== undefined) versions.set(site, taken);
  }
  const found: string[] = [];
  for (const [site, taken] of versions) {
    const { body } = await readRef<ChannelRecord>(store, keptAt(site)(channelRef(channel)), taken);
    if (body.expires !== undefined) found.push(body.expires);
  }
  return found.toSorted()[0];
}
