import type { Snapshot } from "../snapshot/snapshots.ts";

const MAX_PLACES = 4096;

/**
 * What `/<mirror>/<name>/` stands for at one moment. A request asks once and keeps the answer, so that it
 * sees one snapshot.
 */
export interface Place {
  readonly mirror: string;
  readonly snapshot: Snapshot;
  /** Set where `<name>` is a channel: its name and the version that points here. */
  readonly channel: { readonly name: string; readonly version: number } | undefined;
  /** True where `<name>` is the snapshot's own id. */
  readonly exact: boolean;
}

/** Places found lately. One that is found again unchanged is the same object, so that it can be compared. */
export class Places {
  readonly #held = new Map<string, { place: Place; until: number }>();

  /** The place, where it was found so lately that the store need not be asked again. */
  now(mirror: string, name: string): Place | undefined {
    const held = this.#held.get(`${mirror}/${name}`);
    return held !== undefined && performance.now() < held.until ? held.place : undefined;
  }

  /** Every channel that was asked for, with its mirrors. */
  channels(): { mirror: string; channel: string }[] {
    return [...this.#held.values()].flatMap(({ place: { mirror, channel } }) => {
      return channel === undefined ? [] : { mirror, channel: channel.name };
    });
  }

  /** Keeps a place until so many milliseconds, as performance.now() counts; gives the one that was held, where it is the same. */
  keep(name: string, found: Place, until: number): Place {
    const key = `${found.mirror}/${name}`;
    const held = this.#held.get(key)?.place;
    const place = held !== undefined && isSame(held, found) ? held : found;
    this.#held.delete(key);
    this.#held.set(key, { place, until });
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_PLACES && oldest !== undefined) this.#held.delete(oldest);
    return place;
  }
}

// A version of a ref never changes, so that its hash says all.
function isSame(a: Place, b: Place): boolean {
  const channels = a.channel?.version === b.channel?.version;
  return channels && a.exact === b.exact && a.snapshot.sha256 === b.snapshot.sha256;
}
