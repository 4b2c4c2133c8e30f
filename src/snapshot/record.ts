import type { Claim, CommonOptions } from "../ecosystems/contract.ts";
import type { Weakness } from "../trust/contract.ts";
import type { Validators } from "../upstream/contract.ts";

/** Whom the snapshot was trusted by: the key files are blobs, so that it can be verified for years. */
export type RecordedTrust =
  | {
      readonly kind: "keys";
      readonly keyrings: readonly { readonly name: string; readonly sha256: string }[];
      readonly pinned: readonly string[];
      readonly allowWeak: readonly Weakness[];
    }
  | { readonly kind: "none" };

/** A package that the signed metadata lists, and that no upstream had when the snapshot was made (`allow-missing`). */
export interface Hole {
  readonly path: string;
  readonly name?: string;
  readonly version?: string;
  readonly arch?: string;
}

/** A snapshot that another site made: that site's id, what the mirror is called there, and the SHA-256 of its own record. */
export interface Origin {
  readonly site: string;
  readonly mirror: string;
  readonly record: string;
}

/** What a snapshot's ref says, signed by the site: where it came from, with which options, when it was accepted, and who vouched for it. */
export interface SnapshotRecord {
  readonly mirror: string;
  readonly id: string;
  readonly ecosystem: string;
  readonly mode: "verbatim" | "sparse";
  /** Upstream URLs as configured, without credentials. */
  readonly upstream: readonly string[];
  /** The adapter's options and the engine's, as given to the walk. */
  readonly options: Readonly<Record<string, unknown>> & CommonOptions;
  readonly manifest: { readonly sha256: string; readonly size: number };
  /** ISO time at which `admit` judged expiry; verify and import judge it at the same moment. */
  readonly acceptedAt: string;
  readonly trust: RecordedTrust;
  readonly claims: readonly Claim[];
  /** Validators of the roots, for the next conditional request. */
  readonly roots: readonly ({ readonly path: string; readonly sha256: string } & Validators)[];
  readonly packages: number;
  readonly files: number;
  /** Of all files; a content that stands under two names, such as an index and its by-hash name, counts twice. */
  readonly bytes: number;
  /** Listed packages that the snapshot does not have, in the order of their paths; absent where there are none. */
  readonly holes?: readonly Hole[] | undefined;
  /** Where it came from, if another site made it. */
  readonly origin?: Origin | undefined;
  /** An operator's pin: gc leaves the snapshot alone. */
  readonly pinned?: string | undefined;
  /** Set by the version that removes the snapshot; its blobs may go. */
  readonly removed?: string | undefined;
}

/** A channel's ref: one snapshot of each mirror. `restores` is the version that a rollback went back to, of those mirrors, or of all where `of` is absent. */
export interface ChannelRecord {
  readonly channel: string;
  readonly mirrors: Readonly<Record<string, string>>;
  readonly restores?: number | undefined;
  readonly of?: readonly string[] | undefined;
  /** ISO time from which on whoever has seen no newer version must think that one is kept from them. */
  readonly expires?: string | undefined;
}
