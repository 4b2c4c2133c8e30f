import type { Clock } from "../base/clock.ts";
import { SluiceError } from "../base/errors.ts";
import { isSnapshotId, snapshotTime } from "../base/names.ts";
import { channelNames, channelRef } from "../channel/channels.ts";
import { graceSnapshots } from "../channel/grace.ts";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import type { ChannelRecord, SnapshotRecord } from "../snapshot/record.ts";
import { addRootTimes, RootTimes } from "../snapshot/root-times.ts";
import {
  contentDate,
  snapshotIds,
  snapshotRef,
  storedMirrors,
  type Snapshot,
} from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import type { ManifestIndex } from "./manifest-index.ts";
import { Manifests } from "./manifests.ts";
import { Places, type Place } from "./places.ts";
import { Recent } from "./recent.ts";
import { RefCache } from "./ref-cache.ts";

export interface ChannelPointer {
  readonly channel: string;
  readonly id: string;
  /** ISO time of the channel's last move. */
  readonly at: string;
}

export interface ViewOptions {
  readonly graceMs: number;
  readonly clock: Clock;
  /** How old, in milliseconds, an answer of the store may be. */
  readonly freshMs: number;
  /** Memory that manifests may take. */
  readonly manifestBytes: number;
}

/**
 * The store as clients see it. Names in requests are only ever compared with the names that the store lists,
 * never made into names of files.
 */
export class View {
  readonly #store: ReadStore;
  readonly #options: ViewOptions;
  readonly #recent: Recent;
  // For the list of all mirrors, which costs a look at every snapshot.
  readonly #slow: Recent;
  readonly #refs: RefCache;
  readonly #manifests: Manifests;
  readonly #places = new Places();
  readonly #rootTimes = new Map<string, RootTimes>();
  // Removal is for good, and a long history has many removed snapshots: each is asked about once.
  readonly #removed = new Set<string>();

  constructor(store: ReadStore, options: ViewOptions) {
    this.#store = store;
    this.#options = options;
    this.#recent = new Recent(options.freshMs);
    this.#slow = new Recent(options.freshMs * 20);
    this.#refs = new RefCache(store, this.#recent);
    this.#manifests = new Manifests(store, options.manifestBytes);
  }

  /** Mirrors that have a snapshot, sorted, with the newest. */
  async mirrors(): Promise<{ mirror: string; newest: Snapshot }[]> {
    const found = [];
    const inChannels = (await this.pointers()).map((pointer) => pointer.mirror);
    for (const mirror of [...new Set([...inChannels, ...(await this.#stored())])].toSorted()) {
      const newest = await this.#newest(mirror, undefined);
      if (newest !== undefined) found.push({ mirror, newest });
    }
    return found;
  }

  /** The mirror's snapshots, newest first; none where there is no such mirror. */
  async snapshots(mirror: string): Promise<Snapshot[]> {
    const found = [];
    for (const id of (await this.#ids(mirror)).toReversed()) {
      const snapshot = await this.#snapshot(mirror, id);
      if (snapshot !== undefined) found.push(snapshot);
    }
    return found;
  }

  /** Channels that hold the mirror, sorted by name. */
  async channels(mirror: string): Promise<ChannelPointer[]> {
    const all = await this.pointers();
    return all.filter((pointer) => pointer.mirror === mirror);
  }

  /** The newest date that a snapshot's roots claim, in ms; undefined where there is none, or no such snapshot. */
  async contentDate(mirror: string, id: string): Promise<number | undefined> {
    const snapshot = await this.#snapshot(mirror, id);
    return snapshot && contentDate(snapshot.body);
  }

  /** When each channel expires, ISO; those that do not say are left out. */
  async expiries(): Promise<{ channel: string; expires: string }[]> {
    const found = [];
    for (const channel of await this.#channelNames()) {
      const expires = (await this.#refs.latest<ChannelRecord>(channelRef(channel)))?.body.expires;
      if (expires !== undefined) found.push({ channel, expires });
    }
    return found;
  }

  /** What each channel holds of each mirror. */
  async pointers(): Promise<(ChannelPointer & { mirror: string })[]> {
    const found = [];
    for (const channel of await this.#channelNames()) {
      const version = await this.#refs.latest<ChannelRecord>(channelRef(channel));
      for (const [mirror, id] of Object.entries(version?.body.mirrors ?? {})) {
        found.push({ mirror, channel, id, at: version?.at ?? "" });
      }
    }
    return found;
  }

  /**
   * What `/<mirror>/<name>/` stands for now; undefined where there is no such thing. An id between two
   * snapshots means the older.
   */
  async place(mirror: string, name: string): Promise<Place | undefined> {
    if (isSnapshotId(name)) return this.#placeOfId(mirror, name);
    const names = this.#channelNames();
    const namesUntil = this.#recent.until("channels");
    if (!(await names).includes(name)) return undefined;
    const ref = channelRef(name);
    const latest = this.#refs.latest<ChannelRecord>(ref);
    // Asked for before anything is awaited: it is the age of this very answer.
    const until = Math.min(namesUntil, this.#refs.until(ref));
    const version = await latest;
    const mirrors = version?.body.mirrors ?? {};
    const id = Object.hasOwn(mirrors, mirror) ? mirrors[mirror] : undefined;
    if (version === undefined || id === undefined) return undefined;
    const snapshot = await this.#snapshot(mirror, id);
    if (snapshot === undefined) {
      throw new SluiceError(
        "ref_corrupt",
        `Channel '${name}' points to snapshot ${id} of '${mirror}', which is not in the store: run \`sluice verify\`.`,
      );
    }
    const channel = { name, version: version.version };
    return this.#places.keep(name, { mirror, snapshot, channel, exact: false }, until);
  }

  /** As `place`, where it was found so lately that nothing need be asked. */
  placeNow(mirror: string, name: string): Place | undefined {
    return this.#places.now(mirror, name);
  }

  async manifest(snapshot: Snapshot): Promise<ManifestIndex> {
    return this.#manifests.of(snapshot);
  }

  /**
   * A file that the place's channel has left but still serves, and the snapshot that it comes from: the one that
   * was in use last. Roots are never served this way.
   */
  async graceFile(
    place: Place,
    path: string,
  ): Promise<{ entry: ManifestEntry; snapshot: Snapshot } | undefined> {
    let newer = place.snapshot;
    for (const snapshot of await this.#grace(place)) {
      // What the newer one has too was found there, or is not served at all.
      const entry = (await this.#manifests.left(snapshot, newer)).find(path);
      if (entry !== undefined) return { entry, snapshot };
      newer = snapshot;
    }
    return undefined;
  }

  /** Since when the root has had these bytes, in ms: the Last-Modified that tells its states apart. */
  async rootTime(snapshot: Snapshot, root: ManifestEntry): Promise<number> {
    const { mirror, id } = snapshot.body;
    const times = this.#rootTimes.get(mirror) ?? new RootTimes();
    this.#rootTimes.set(mirror, times);
    if (times.of(root) === undefined || times.missing([id]).length > 0) {
      await addRootTimes(times, [...(await this.#ids(mirror)), id], async (one) => {
        return (await this.#refs.version<SnapshotRecord>(snapshotRef(mirror, one), 1)).body;
      });
    }
    return times.of(root) ?? snapshotTime(id);
  }

  /**
   * Brings what the channels in use have moved to into memory, and what they have left with the last move, so
   * that no request has to wait for it.
   */
  async warm(): Promise<void> {
    for (const { mirror, channel } of this.#places.channels()) {
      const place = await this.place(mirror, channel);
      if (place === undefined) continue;
      await this.#manifests.of(place.snapshot);
      const [left] = await this.#grace(place);
      if (left !== undefined && this.#manifests.peek(left) !== undefined) {
        await this.#manifests.left(left, place.snapshot);
      }
    }
  }

  async #placeOfId(mirror: string, id: string): Promise<Place | undefined> {
    const snapshot = await this.#newest(mirror, id);
    if (snapshot === undefined) return undefined;
    const exact = snapshot.body.id === id;
    const place = { mirror, snapshot, channel: undefined, exact };
    return exact ? this.#places.keep(id, place, this.#refs.until(snapshot.ref)) : place;
  }

  // Every version of a channel has a grace of its own, which only time and a removal can shorten.
  async #grace({ channel, mirror }: Place): Promise<readonly Snapshot[]> {
    if (channel === undefined) return [];
    const { name, version } = channel;
    return this.#slow.get(`grace ${name} ${version} ${mirror}`, () => this.#graceOf(name, mirror));
  }

  async #graceOf(channel: string, mirror: string): Promise<Snapshot[]> {
    const { clock, graceMs } = this.#options;
    const history = await this.#refs.history<ChannelRecord>(channelRef(channel));
    const kept = new Map<string, Snapshot>();
    for (const id of new Set(history.flatMap((version) => version.body.mirrors[mirror] ?? []))) {
      const snapshot = await this.#snapshot(mirror, id);
      if (snapshot !== undefined) kept.set(id, snapshot);
    }
    const ids = graceSnapshots(history, mirror, clock(), graceMs, (id) => kept.get(id)?.body);
    return ids.map((id) => kept.get(id)).filter((snapshot) => snapshot !== undefined);
  }

  async #newest(mirror: string, notAfter: string | undefined): Promise<Snapshot | undefined> {
    for (const id of (await this.#ids(mirror)).toReversed()) {
      if (notAfter !== undefined && id > notAfter) continue;
      const snapshot = await this.#snapshot(mirror, id);
      if (snapshot !== undefined) return snapshot;
    }
    return undefined;
  }

  /** `id` comes from the store's own lists. */
  async #snapshot(mirror: string, id: string): Promise<Snapshot | undefined> {
    const ref = snapshotRef(mirror, id);
    if (this.#removed.has(ref)) return undefined;
    const found = await this.#refs.latest<SnapshotRecord>(ref);
    if (found?.body.removed !== undefined) this.#removed.add(ref);
    return found?.body.removed === undefined ? found : undefined;
  }

  async #ids(mirror: string): Promise<string[]> {
    if (!(await this.#knows(mirror))) return [];
    return this.#recent.get(`ids ${mirror}`, () => snapshotIds(this.#store, mirror));
  }

  async #knows(mirror: string): Promise<boolean> {
    if ((await this.channels(mirror)).length > 0) return true;
    return (await this.#stored()).includes(mirror);
  }

  #stored(): Promise<string[]> {
    return this.#slow.get("mirrors", () => storedMirrors(this.#store));
  }

  #channelNames(): Promise<string[]> {
    return this.#recent.get("channels", () => channelNames(this.#store));
  }
}
