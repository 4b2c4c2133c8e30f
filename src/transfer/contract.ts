import type { ReadStore, WriteSession } from "../store/contract.ts";

/** A blob on its way. */
export interface SentBlob {
  readonly sha256: string;
  readonly body: AsyncIterable<Uint8Array>;
}

interface AnySource {
  /** As messages call it: `the medium /media/stick`, `bundle 12 in /mnt`. */
  readonly name: string;
  /** Numbers of the bundles that it is made of. */
  readonly bundles?: readonly number[] | undefined;
  /** Their ids. */
  readonly bundleIds?: readonly string[] | undefined;
  /** Refs under the sender's own names (`identity`, `channels/…`, `snapshots/…`, `sites/<id>/…`), and blobs. */
  readonly store: ReadStore;
  /** One sentence for each cause why it lacks these: a part, a bundle before it; and what to ask the sender for. */
  explain(lacking: ReadonlyMap<string, number>): Promise<readonly string[]>;
  /** What was found wrong with the source itself while it was read, though no wanted file may lack for it; one sentence each. */
  faults(): readonly string[];
}

/** What is read from its begin to its end: a medium, bundles. */
export interface ReadSource extends AnySource {
  readonly kind: "medium" | "bundle";
  /**
   * The wanted blobs (sha256 and size) that it has, in the order in which it reads fastest, each once. A body must be read or returned before the next one
   * is asked for. The bytes are not checked here.
   */
  blobs(wanted: ReadonlyMap<string, number>): AsyncIterable<SentBlob>;
  /** Reads it to the last byte, also what is not needed here; one sentence for each thing that is missing or not as it was written. */
  check(signal: AbortSignal): Promise<readonly string[]>;
}

/** What answers many requests at a time, and goes on in the middle of a file: another site. */
export interface AskedSource extends AnySource {
  readonly kind: "site";
  /** How many blobs may be asked for at a time. */
  readonly lanes: number;
  /** Brings one blob into the session, checked; what came of it before a stop outlives it. False where the source does not have it, or has other bytes. */
  fetch(session: WriteSession, sha256: string, size: number, signal: AbortSignal): Promise<boolean>;
}

/** What a site imports from. It shows the store of the one who sends. */
export type Source = ReadSource | AskedSource;

/** What of a store is to travel. All of it is listed; what the other side has already is left out when it is sent. */
export interface Cargo {
  /** The id of the sending site. */
  readonly site: string;
  /** Refs with all their versions, in the order in which they are to be written. */
  readonly refs: readonly CargoRef[];
  readonly channels: readonly CargoChannel[];
  readonly snapshots: readonly CargoSnapshot[];
}

export interface CargoRef {
  readonly name: string;
  readonly versions: readonly number[];
}

export interface CargoChannel {
  readonly name: string;
  readonly version: number;
  /** Mirror to snapshot id; only those that travel. */
  readonly mirrors: Readonly<Record<string, string>>;
  /** ISO; absent in versions of a time when there was no expiry. */
  readonly expires?: string;
}

export interface CargoSnapshot {
  readonly mirror: string;
  readonly id: string;
  readonly ecosystem: string;
  readonly manifest: { readonly sha256: string; readonly size: number };
  readonly keyrings: readonly string[];
  readonly files: number;
  readonly bytes: number;
}
