import { SluiceError } from "../base/errors.ts";
import { expiryOf, isRenewalDue } from "./expiry.ts";
import { checkChannelName, checkMirrorName, isSnapshotId } from "../base/names.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import type { ChannelRecord, SnapshotRecord } from "../snapshot/record.ts";
import { findSnapshot, readSnapshot, type Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, assertSigned } from "../store/refs.ts";
import {
  channelRef,
  channelVersion,
  findChannel,
  LATEST,
  readChannel,
  resolveId,
  type Channel,
} from "./channels.ts";
import type { Site } from "./site.ts";
import { reconcileTrees } from "./trees.ts";

export interface Change {
  readonly mirror: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** A change of one channel, decided but not made. `notices` are for the operator, before it is made. */
export interface Move {
  readonly channel: string;
  readonly base: Channel | undefined;
  readonly body: ChannelRecord;
  readonly changes: readonly Change[];
  readonly notices: readonly string[];
  readonly why: string;
  /** What was read of another channel, or of an older state, to decide it. */
  readonly source: Channel | undefined;
}

type FindEcosystem = (id: string) => Ecosystem | undefined;

/** Plans to set `to` to what `from` (a channel, or MIRROR@X) holds, for the mirrors named or all. Mirrors that `from` does not hold stay as they are. */
export async function planPromote(
  store: ReadStore,
  find: FindEcosystem,
  from: string,
  to: string,
  mirrors: readonly string[],
): Promise<Move> {
  refuseReserved(to);
  const { picked, source } = await promoteSource(store, from, mirrors);
  const base = await findChannel(store, to);
  const body = { channel: to, mirrors: { ...base?.body.mirrors, ...picked } };
  return plan(store, find, { base, source, body, why: ["promote", from, to, ...mirrors].join(" ") });
}

async function promoteSource(
  store: ReadStore,
  from: string,
  mirrors: readonly string[],
): Promise<{ picked: Readonly<Record<string, string>>; source: Channel | undefined }> {
  const mark = from.indexOf("@");
  if (mark >= 0) {
    const mirror = checkMirrorName(from.slice(0, mark));
    if (mirrors.some((name) => name !== mirror)) {
      throw new SluiceError(
        "usage",
        `'${from}' is of the mirror '${mirror}' alone: leave the other mirrors out.`,
      );
    }
    const x = from.slice(mark + 1);
    const picked = { [mirror]: await resolveId(store, mirror, x) };
    return { picked, source: isSnapshotId(x) ? undefined : await findChannel(store, x) };
  }
  const source = await readChannel(store, from);
  const all = source.body.mirrors;
  return { picked: mirrors.length === 0 ? all : pick(all, mirrors, from), source };
}

function pick(
  all: Readonly<Record<string, string>>,
  mirrors: readonly string[],
  channel: string,
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const mirror of mirrors) {
    const id = all[mirror];
    if (id === undefined) {
      throw new SluiceError(
        "unknown_mirror",
        `Channel '${channel}' does not hold a mirror '${mirror}': see \`sluice list\`.`,
      );
    }
    picked[mirror] = id;
  }
  return picked;
}

/** Plans to take a channel back to its state before the last change (of those mirrors); called again, it goes one state further back. */
export async function planRollback(
  store: ReadStore,
  find: FindEcosystem,
  channel: string,
  mirrors: readonly string[],
): Promise<Move> {
  refuseReserved(channel);
  const base = await readChannel(store, channel);
  if (mirrors.length > 0) pick(base.body.mirrors, mirrors, channel);
  const of = mirrors.length > 0 ? [...new Set(mirrors)].toSorted() : undefined;
  const considered = (state: ChannelRecord): string =>
    JSON.stringify(of?.map((name) => state.mirrors[name] ?? null) ?? sorted(state.mirrors));
  // A version that a rollback of the same mirrors made stands for the one it went back to: what lies between is undone.
  const standsFor = (version: Channel): number =>
    JSON.stringify(version.body.of) === JSON.stringify(of)
      ? (version.body.restores ?? version.version)
      : version.version;
  for (let at = standsFor(base) - 1; at >= 1; at--) {
    const earlier = await channelVersion(store, channel, at);
    at = standsFor(earlier);
    if (considered(earlier.body) === considered(base.body)) continue;
    const state = { ...base.body.mirrors };
    for (const name of of ?? Object.keys({ ...state, ...earlier.body.mirrors })) {
      const id = earlier.body.mirrors[name];
      if (id === undefined) delete state[name];
      else state[name] = id;
    }
    const body = { channel, mirrors: state, restores: at, ...(of && { of }) };
    try {
      const why = ["rollback", channel, ...mirrors].join(" ");
      return await plan(store, find, { base, source: earlier, body, why });
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== "unknown_snapshot") throw error;
      throw new SluiceError(
        "nothing_to_do",
        `The earlier state of channel '${channel}' (version ${at}) held a snapshot that has been given up since: promote another one; see \`sluice list\`.`,
        { cause: error },
      );
    }
  }
  throw new SluiceError(
    "nothing_to_do",
    `Channel '${channel}' has no earlier state to go back to: see \`sluice audit channels/${channel}\`.`,
  );
}

async function plan(
  store: ReadStore,
  find: FindEcosystem,
  { base, source, body, why }: Pick<Move, "base" | "source" | "body" | "why">,
): Promise<Move> {
  const before = base?.body.mirrors ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(body.mirrors)])].toSorted();
  const changes = names
    .filter((mirror) => before[mirror] !== body.mirrors[mirror])
    .map((mirror) => ({ mirror, from: before[mirror], to: body.mirrors[mirror] }));
  const notices: string[] = [];
  for (const { mirror, from, to } of changes) {
    if (to === undefined) {
      notices.push(
        `${mirror}: it leaves the channel '${body.channel}', so clients that use it there get 404.`,
      );
      continue;
    }
    const target = (await readSnapshot(store, mirror, to)).body;
    const old = from === undefined ? undefined : (await findSnapshot(store, mirror, from))?.body;
    const notice = old && backNotice(find, old, target);
    if (notice !== undefined) notices.push(`${mirror}: ${notice}`);
  }
  return { channel: body.channel, base, body, changes, notices, why, source };
}

function backNotice(find: FindEcosystem, from: SnapshotRecord, to: SnapshotRecord): string | undefined {
  return find(to.ecosystem)?.movingBack?.(from.claims, to.claims);
}

/** Makes a planned move: the ref first, then the trees. Without changes nothing is written, but for a channel with less than half of its time left.
 * `problems` tells what of the trees could not be made. Throws ref_conflict where another process was faster, ref_corrupt where a record that it rests on was
 * altered. */
export async function commitMove(
  site: Site,
  move: Move,
): Promise<{ made: Channel | undefined; problems: readonly string[] }> {
  const expires = await newExpiry(site, move);
  const isRenewal = move.base !== undefined && isRenewalDue(site, move.base, expires);
  if (move.changes.length === 0 && !isRenewal) return { made: move.base, problems: [] };
  const author = await site.author();
  const made = await underStoreLock(site, async () => {
    const rests: (Channel | Snapshot)[] = move.source === undefined ? [] : [move.source];
    for (const [mirror, id] of Object.entries(move.body.mirrors))
      rests.push(await stillThere(site.store, mirror, id));
    for (const version of rests) await assertSigned(site.store, version, author.siteKey);
    const change = { body: { ...move.body, expires }, why: move.why, at: site.clock() };
    return appendRef(site.store, author, channelRef(move.channel), move.base, change);
  });
  return { made, problems: await reconcileTrees(site) };
}

// What came from another site is not made fresher here than that site says.
async function newExpiry(site: Site, { body, base, source }: Move): Promise<string> {
  const from = body.restores === undefined ? (source ?? base) : base;
  for (const [mirror, id] of Object.entries(body.mirrors))
    if ((await findSnapshot(site.store, mirror, id))?.body.origin !== undefined)
      return expiryOf(site, from?.body.expires);
  return expiryOf(site);
}

// It was there when the move was planned.
async function stillThere(store: ReadStore, mirror: string, id: string): Promise<Snapshot> {
  const found = await findSnapshot(store, mirror, id);
  if (found !== undefined) return found;
  throw new SluiceError(
    "ref_conflict",
    `Another process has just given up ${mirror}@${id}: run the command again.`,
  );
}

/** Points `latest` at a mirror's newest snapshot, whatever other mirrors' syncs do meanwhile; renews it where less than half of its time is left. */
export async function moveLatest(site: Site, mirror: string, id: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const base = await findChannel(site.store, LATEST);
    const expires = expiryOf(site);
    if (base?.body.mirrors[mirror] === id && !isRenewalDue(site, base, expires)) return;
    const body = { channel: LATEST, mirrors: { ...base?.body.mirrors, [mirror]: id }, expires };
    try {
      await appendRef(site.store, await site.author(), channelRef(LATEST), base, {
        body,
        why: `sync ${mirror}`,
        at: site.clock(),
      });
      return;
    } catch (error) {
      const lost = error instanceof SluiceError && error.code === "ref_conflict";
      if (!lost || attempt >= 50) throw error;
    }
  }
}

/** Runs while nothing is being deleted from the store, and no other commit takes its last look. */
export async function underStoreLock<T>(site: Site, action: () => Promise<T>): Promise<T> {
  await using _held = await site.store.lock("store", "commit", { waitMs: 600_000 });
  return await action();
}

function refuseReserved(channel: string): void {
  checkChannelName(channel);
  if (channel === LATEST) {
    throw new SluiceError(
      "channel_reserved",
      "The channel 'latest' is moved by sync alone: promote into another one.",
    );
  }
}

function sorted(mirrors: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(mirrors).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
