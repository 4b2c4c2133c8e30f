import type { Clock } from "../base/clock.ts";
import { SluiceError } from "../base/errors.ts";
import { isSnapshotId } from "../base/names.ts";
import { channelNames, channelRef } from "../channel/channels.ts";
import { graceSnapshots } from "../channel/grace.ts";
import type { ChannelRecord, SnapshotRecord } from "../snapshot/record.ts";
import { snapshotIds, snapshotRef, storedMirrors, type Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { WeightedCache } from "./cache.ts";
import { ManifestIndex } from "./manifest-index.ts";
import { Recent } from "./recent.ts";
import { RefCache } from "./ref-cache.ts";

const MANIFEST_BYTES = 512 * 2 ** 20;

/**
 * What `/<mirror>/<name>/` stands for at one moment. A request asks once and keeps the answer, so that it
 * sees one snapshot.
 */
export interface Place {
  readonly mirror: string;
  readonly snapshot: Snapshot;
  /** Set where `<name>` is a channel. */
  readonly channel: string | undefined;
  /** True where `<name>` is the snapshot's own id. */
  readonly exact: boolean;
}

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
  readonly #manifests = new WeightedCache<ManifestIndex>(MANIFEST_BYTES, (index) => index.weight);
  // Removal is for good, and a long history has many removed snapshots: each is asked about once.
  readonly #removed = new Set<string>();

  constructor(store: ReadStore, options: ViewOptions) {
    this.#store = store;
    this.#options = options;
    this.#recent = new Recent(options.freshMs);
    this.#slow = new Recent(options.freshMs * 20);
    this.#refs = new RefCache(store, this.#recent);
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
    if (isSnapshotId(name)) {
      const snapshot = await this.#newest(mirror, name);
      return snapshot && { mirror, snapshot, channel: undefined, exact: snapshot.body.id === name };
    }
    if (!(await this.#channelNames()).includes(name)) return undefined;
    const version = await this.#refs.latest<ChannelRecord>(channelRef(name));
    const mirrors = version?.body.mirrors ?? {};
    const id = Object.hasOwn(mirrors, mirror) ? mirrors[mirror] : undefined;
    if (id === undefined) return undefined;
    const snapshot = await this.#snapshot(mirror, id);
    if (snapshot === undefined) {
      throw new SluiceError(
        "ref_corrupt",
        `Channel '${name}' points to snapshot ${id} of '${mirror}', which is not in the store: run \`sluice verify\`.`,
      );
    }
    return { mirror, snapshot, channel: name, exact: false };
  }

  /** Snapshots whose files the place still serves though it has left them, newest use first. */
  async grace(place: Place): Promise<Snapshot[]> {
    const { channel, mirror } = place;
    if (channel === undefined) return [];
    return this.#recent.get(`grace ${channel} ${mirror}`, () => this.#grace(channel, mirror));
  }

  async manifest(snapshot: Snapshot): Promise<ManifestIndex> {
    const { mirror, id, manifest } = snapshot.body;
    return this.#manifests.get(manifest.sha256, async () => {
      const bytes = await this.#store.readBlob(manifest.sha256, manifest.size);
      return new ManifestIndex(bytes, `${mirror} ${id}`);
    });
  }

  async #grace(channel: string, mirror: string): Promise<Snapshot[]> {
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
