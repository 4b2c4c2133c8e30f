import type { Digests } from "../base/digest.ts";

export type EntryKind = "root" | "metadata" | "package";

export interface PackageIdentity {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly source?: string | undefined;
}

/** One file of a snapshot, as the walk names it. `from` is a URL, relative to the upstream's base or absolute; percent-encoded. */
export interface Entry {
  readonly path: string;
  readonly from: string;
  readonly kind: EntryKind;
  readonly digests: Digests;
  /** Exact size as signed; where the ecosystem signs none, `maxSize` bounds it. */
  readonly size?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly package?: PackageIdentity | undefined;
  /** What vouches for a file that has no strong digest (the path of its detached signature). */
  readonly evidence?: string | undefined;
}

/** Files that only make sense together. The first that the last snapshot had is asked conditionally; if it is unchanged, so is the group. */
export interface RootGroup {
  readonly files: readonly { readonly path: string; readonly from: string }[];
  /** Bytes that one file of the group may have at most. */
  readonly maxSize: number;
}

export interface RootFile {
  readonly path: string;
  readonly from: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Root files that exist, by path; an absent one is not in the map. */
export type RootSet = ReadonlyMap<string, RootFile>;

/**
 * What an adapter sees of an upstream: live over HTTP, or a snapshot. `roots` is called once at the start of a walk.
 * "unchanged" (same roots, same options as the last snapshot) ends the walk.
 */
export interface Upstream {
  roots(groups: readonly RootGroup[]): Promise<RootSet | "unchanged">;
  /**
   * The verified bytes of a metadata file: it is there when this returns, and complete, its digests and size checked, before the first chunk is given; one
   * that is not read costs nothing more. Undefined where the upstream does not have it. Throws Moved where what is there is not what was signed.
   */
  get(entry: Entry): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** The upstream is no longer what its roots said: the walk starts again from the roots, keeping what was fetched. */
export class Moved extends Error {
  /** The error to report if the roots turn out not to have changed. */
  readonly otherwise: Error;

  constructor(otherwise: Error) {
    super(otherwise.message, { cause: otherwise });
    this.name = "Moved";
    this.otherwise = otherwise;
  }
}

/** ETag and Last-Modified as the server sent them; compared exactly, never as times. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

export interface FetchRequest {
  /** URL relative to the base (already percent-encoded), or absolute. */
  readonly from: string;
  /** First byte wanted. The reply's `start` says what came: 0 where the server ignored the range. */
  readonly offset?: number | undefined;
  /** Sent as If-None-Match and If-Modified-Since; with an offset, as If-Range. */
  readonly validators?: Validators | undefined;
  /** Ask caches on the way to revalidate. */
  readonly fresh?: boolean | undefined;
  /** Bytes that are expected; a hint for what may go together. */
  readonly size?: number | undefined;
  /** With nothing else on its connection: for a file whose bytes were not what they should have been. */
  readonly alone?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type FetchReply =
  | {
      readonly status: "ok";
      readonly body: AsyncIterable<Uint8Array>;
      readonly start: number;
      /** It was asked for before an earlier answer on its connection was there: a server that cannot do that may have sent another file. */
      readonly ahead?: boolean;
      /** Bytes that will come, where the server says so. */
      readonly length?: number | undefined;
      readonly validators: Validators;
    }
  | { readonly status: "unchanged" }
  | { readonly status: "absent" };

/**
 * One place that files are fetched from: an http(s) or file URL. Answers are final: it retries what may pass (connection errors, 408, 429, 5xx) by
 * itself before a body starts; an error in the middle of a body reaches the reader. Throws SluiceErrors.
 */
export interface Transport {
  /** The base URL without credentials, for people. */
  readonly name: string;
  fetch(request: FetchRequest): Promise<FetchReply>;
  /** An answer that came ahead was of another file: from now on none is asked for ahead of another. */
  distrust?(from: string): Promise<void>;
  /** Requests sent so far, retries and redirects included. */
  readonly requests: number;
  close(): Promise<void>;
}
