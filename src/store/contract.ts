import type { Readable } from "node:stream";
import type { Digests } from "../base/digest.ts";

export interface BlobInfo {
  readonly sha256: string;
  readonly size: number;
  /** When its file was written, in ms, where the store knows; the same for as long as the file stays. */
  readonly modified?: number | undefined;
}

/** What a blob must turn out to be: every digest given, and the size (exact) or its bound. */
export interface Expectation {
  readonly digests: Digests;
  readonly size?: number | undefined;
  readonly maxSize?: number | undefined;
}

/** A blob that is open for reads into the caller's own memory. */
export interface OpenBlob {
  readonly size: number;
  /** Files of the same stamp have the same bytes: another one in the place of this has another. */
  readonly stamp: string;
  /** Reads from `position` on, as much as fits into `into` or less; gives how much, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Blobs by SHA-256 and refs by name and number. A store is read by any number of processes at once. */
export interface ReadStore {
  /** Size of the blob, undefined where it is absent. Does not read the bytes. */
  statBlob(sha256: string): Promise<BlobInfo | undefined>;
  /** The bytes, `start` to `end` both inclusive; throws `blob_missing`. The bytes are not re-hashed. */
  openBlob(sha256: string, range?: { start: number; end: number }): Promise<Readable>;
  /** As openBlob, for a caller that sends much and fast; absent where the store has no such way. */
  readonly openBlobFile?: (sha256: string) => Promise<OpenBlob>;
  /** The whole blob, re-hashed: throws `blob_missing`, `blob_corrupt`, or `too_large` past maxSize. */
  readBlob(sha256: string, maxSize?: number): Promise<Buffer>;
  /** Names of all refs below a prefix (`snapshots/debian/`), sorted by bytes; a ref's name has no leading slash. */
  listRefs(prefix: string): Promise<string[]>;
  /** Numbers of the versions there are, ascending. */
  refVersions(name: string): Promise<number[]>;
  /** The bytes of one version, undefined where it is absent. */
  readRef(name: string, version: number): Promise<Buffer | undefined>;
  /** What is in quarantine; `back` where a sound blob of that name is in the store again. */
  quarantined(): Promise<{ sha256: string; back: boolean }[]>;
  close(): Promise<void>;
}

/** A file on its way in. What was written outlives a kill when a `resumeKey` was given. */
export interface Incoming {
  /** Bytes held so far, those of an earlier run included. */
  readonly have: number;
  /** Appends a body; stops with `too_large` past the expected size. The bytes received before an error are kept. */
  append(source: AsyncIterable<Uint8Array>): Promise<void>;
  /** Forgets what was received. */
  reset(): Promise<void>;
  /** Checks size and digests over the whole and makes it a blob; throws `digest_mismatch` and forgets the bytes. */
  commit(): Promise<BlobInfo>;
  /** Leaves it; with a resumeKey the bytes stay for the next run. */
  release(): Promise<void>;
}

/** A row of writes with one barrier: opened before the first blob, durable dirty marker and all. */
export interface WriteSession {
  /**
   * Stores bytes at hand; throws `digest_mismatch` or `too_large`. Nothing is written where the blob is there already
   * and is sound: it is read to make sure, and a bad one goes to quarantine.
   */
  putBlob(bytes: Uint8Array, expect: Expectation): Promise<BlobInfo>;
  /** Opens a place for a streamed file. */
  incoming(expect: Expectation, resumeKey?: string): Promise<Incoming>;
  /** Returns when every blob put so far is durable. */
  barrier(): Promise<void>;
  /** Barrier, then takes the dirty marker away. */
  end(): Promise<void>;
}

export interface Held extends AsyncDisposable {
  release(): Promise<void>;
}

export interface WriteStore extends ReadStore {
  begin(): Promise<WriteSession>;
  /** Creates version `version` of a ref, durable when it returns; false where that number exists already. */
  createRef(name: string, version: number, bytes: Uint8Array): Promise<boolean>;
  /**
   * The named lock (`sync/<mirror>`, `store`), across processes; a killed holder does not keep it. Throws `locked`, naming the holder,
   * when it is taken and `waitMs` (0: not at all) has passed. `who` is what others are told.
   */
  lock(
    name: string,
    who: string,
    options?: { waitMs?: number; signal?: AbortSignal | undefined },
  ): Promise<Held>;
  /** Free bytes for new blobs; Infinity where nobody can say. */
  freeBytes(): Promise<number>;
  /** Present where the store keeps trees of hard links (a directory). */
  readonly trees?: TreeStore | undefined;
}

export interface PruneStore extends WriteStore {
  /** All blobs in the order of their names, or those that come after this name. */
  listBlobs(after?: string): AsyncIterable<BlobInfo & { modified: number }>;
  deleteBlobs(sha256s: readonly string[]): Promise<void>;
  /** Moves a bad blob out of the way, and every name that a tree has for it. */
  quarantine(sha256: string): Promise<void>;
  /** Forgets the quarantined copies of blobs that are back. */
  clearRepaired(): Promise<void>;
  /** Forgets what is in quarantine of these, back or not; for blobs that nothing needs any more. */
  forgetQuarantined(sha256s: readonly string[]): Promise<void>;
  /** Removes temporary files and partial downloads older than the age; returns bytes freed. */
  sweep(olderThanMs: number): Promise<number>;
  /**
   * Runs what makes room. Where there is none even for that, it runs once more, with the room that the store holds back
   * for it.
   */
  withReserve<T>(action: () => Promise<T>): Promise<T>;
}

export interface TreeFile {
  readonly path: string;
  readonly sha256: string;
  /** Given for roots: the file is a copy with this time (ms) as mtime, not a hard link. */
  readonly mtime?: number | undefined;
}

/** The derived folders under trees/: all can be deleted and made again from blobs and refs. */
export interface TreeStore {
  hasTree(mirror: string, id: string): Promise<boolean>;
  listTrees(): Promise<{ mirror: string; id: string }[]>;
  /**
   * Builds the tree aside and renames it into place, nothing is visible before it is whole. Where it is there, puts it
   * right: names that are missing or are not the file (of roots: bytes or time) are put back, names that are not listed
   * are removed. Returns those paths; [] for a tree that is new or was sound.
   */
  createTree(mirror: string, id: string, files: Iterable<TreeFile>): Promise<string[]>;
  /** What createTree would put right in a tree, and changes nothing; undefined where there is no tree. */
  wrongInTree(mirror: string, id: string, files: Iterable<TreeFile>): Promise<string[] | undefined>;
  removeTree(mirror: string, id: string): Promise<void>;
  /**
   * Which snapshots the channel's symlinks point to, and the ref version they were made of; undefined where a link is
   * missing, wrong or too many. A mirror that has lost all its links is not known here: compare `mirrors` with the
   * ref's too, and set the channel again where they differ.
   */
  readChannel(channel: string): Promise<{ version: number; mirrors: Record<string, string> } | undefined>;
  listChannels(): Promise<string[]>;
  /**
   * Makes `.channels/<channel>.<version>/` anew, also for the version that is set, mends every other link, and switches
   * `.channels/<channel>` to it by one rename.
   */
  setChannel(channel: string, version: number, mirrors: Readonly<Record<string, string>>): Promise<void>;
  removeChannel(channel: string): Promise<void>;
  /** Makes trees/<mirror>/.grace/<channel>/ hold exactly these files (hard links): adds first, removes last. */
  setGrace(mirror: string, channel: string, files: readonly TreeFile[]): Promise<void>;
}
