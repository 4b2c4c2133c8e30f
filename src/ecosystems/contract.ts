import type { ZodObject, ZodType } from "zod";
import type { Selection } from "../base/selection.ts";
import type { Signer, Trust } from "../trust/contract.ts";
import type { Entry, PackageIdentity, Upstream } from "../upstream/contract.ts";

/** What the engine itself lets a mirror choose; stored in the record with the adapter's own options. */
export interface CommonOptions extends Selection {
  readonly mode: "verbatim" | "sparse";
}

/** What a verified root says of itself; times in milliseconds since 1970. Judged by `admit`, never by the adapter. */
export interface Claim {
  /** Which root, as a path without the file name: `dists/bookworm`. */
  readonly root: string;
  readonly signers: readonly Signer[];
  readonly date?: number | undefined;
  /** A number that goes up with each state, where the ecosystem has one. */
  readonly serial?: number | undefined;
  readonly validUntil?: number | undefined;
  /** Names the root gives itself, for people: Suite, Codename. */
  readonly names: readonly string[];
  /** What was weaker than it should be, in words. */
  readonly weak: readonly string[];
}

/** What `skip` and `only` did. */
export interface Filtered {
  readonly listed: number;
  readonly left: number;
  /** Globs that no package matches. */
  readonly unmatched: readonly string[];
}

/** What a vendor says of new packages, for people. */
export interface Advisory {
  readonly id: string;
  /** `security`, `bugfix`, `enhancement`, or what else the vendor calls it. */
  readonly kind: string;
  readonly severity?: string | undefined;
  readonly title: string;
  readonly cves: readonly string[];
  readonly packages: readonly PackageIdentity[];
}

/** One step of a walk: claims come before the entries that hang on them, and at the end what a filter did. */
export type Step =
  | { readonly claim: Claim }
  | { readonly entry: Entry }
  | { readonly filtered: Filtered }
  | "unchanged";

/** What the operator of a client host may ask of its set-up. */
export interface ClientWishes {
  /** How long from now the metadata of the snapshot must be accepted, in milliseconds; the adapter's choice where absent. */
  readonly validForMs?: number | undefined;
  /** Base URLs of the same repository elsewhere, for when this site does not answer; in this order. */
  readonly fallback: readonly string[];
  /** An id: the host stays at the newest snapshot that is not after it, by its client's own means. */
  readonly snapshot?: string | undefined;
  /** Name what a sparse mirror leaves out in the source itself, instead of beside it. */
  readonly exclude: boolean;
}

/** What a set-up may read: the snapshot that the channel points to. */
export interface ClientSnapshot {
  readonly files: Upstream;
  readonly trust: Trust;
  /** True where the snapshot has this path. */
  has(path: string): boolean;
  /** Packages that should be there and are not, since no upstream had them (`allow-missing`). */
  readonly holes: number;
}

export interface ClientContext<O> {
  readonly mirror: string;
  readonly channel: string;
  /** Base URL of this mirror and channel, without a final slash: `http://mirror.example.org/debian/stable`. */
  readonly url: string;
  /** Where the embedded server gives this set-up, file by file (`<setupUrl>/<format>`); undefined where no server can. */
  readonly setupUrl: string | undefined;
  /** Base URLs that the mirror is copied from, as configured. */
  readonly upstream: readonly string[];
  readonly options: O & CommonOptions;
  readonly wishes: ClientWishes;
  /** In milliseconds since 1970. */
  readonly now: number;
  /** What `find` learns of the snapshot. It may be kept and given again, so that it must be small and hang on the snapshot and its options alone. */
  facts<T>(find: (snapshot: ClientSnapshot) => Promise<T>): Promise<T>;
}

/** A file that a client host may need. The first is the source itself; `format` is what the CLI's `--format` names. */
export interface ClientFile {
  readonly format: string;
  readonly path: string;
  readonly content: string;
  /** A sentence for who takes this file by hand. */
  readonly note?: string;
}

export interface ClientSetup {
  /** In every form that there is: a host takes those that its `script` writes. */
  readonly files: readonly ClientFile[];
  /** Sentences for the operator, such as what a sparse mirror leaves out. */
  readonly notes: readonly string[];
}

/** A form in which the ecosystem's clients name a repository. */
export interface RepositoryForm {
  /** With a description. */
  readonly schema: ZodType;
  /** Keys of a mirror that it always stands for. */
  readonly gives: readonly string[];
  /** The keys that say the same, checked afterwards as if they stood in the config; or a fault, which goes on from the field's name. */
  read(value: unknown): { readonly keys: Record<string, unknown> } | { readonly fault: string };
}

/**
 * One ecosystem. `enumerate` is pure: it reads the signed metadata through `upstream`, proves it, and yields what a snapshot must hold. It knows
 * nothing of network, store, progress or today's date. The same walk over a snapshot is its verification.
 */
export interface Ecosystem<O = object> {
  /** The folder's name. */
  readonly id: string;
  /** What the mirror's config may say besides the engine's own keys. */
  readonly options: ZodObject;
  /** The ecosystem's own way to write a repository down, for the config's `repository`. */
  readonly repository?: RepositoryForm;
  /** Faults of the options that a schema cannot say, for the config's errors. */
  checkOptions?(
    options: O & CommonOptions,
    trust: "keys" | "packages" | "none",
  ): readonly { path: readonly (string | number)[]; message: string }[];
  /** Packages carry signatures of their own, so that a mirror may rest on those alone: `trust: packages`. */
  readonly packagesSigned?: true;
  enumerate(upstream: Upstream, options: O & CommonOptions, trust: Trust): AsyncIterable<Step>;
  client(context: ClientContext<O>): Promise<ClientSetup>;
  /** Sentences for the operator about what these options do to clients. */
  remarks?(options: O & CommonOptions): readonly string[];
  /** The advisories that the metadata of a snapshot carry. */
  advisories?(files: Upstream, options: O & CommonOptions, trust: Trust): AsyncIterable<Advisory>;
  /** Sorts two versions of a package: negative, zero, positive. */
  compareVersions(a: string, b: string): number;
  /** What clients will see where a root changes the names in its claim, and what to do about it: sentences for the operator. */
  readonly renaming?: string;
  /** A sentence for the operator where clients will not follow a channel from one snapshot to an older one. */
  movingBack?(from: readonly Claim[], to: readonly Claim[]): string | undefined;
  /**
   * Proof beyond digests, on the bytes of one file; throws. Run at ingest, verify and import. `evidence` holds the bytes of the entry whose path
   * `entry.evidence` names (a detached signature).
   */
  check?(
    entry: Entry,
    bytes: AsyncIterable<Uint8Array>,
    trust: Trust,
    evidence: Uint8Array | undefined,
    options: O & CommonOptions,
  ): Promise<void>;
  /** For `sluice init`: mirrors found on this host. */
  fromHost?(
    readFile: (path: string) => Promise<Buffer | undefined>,
    listFolder: (path: string) => Promise<string[]>,
  ): Promise<HostMirrors>;
}

export interface HostMirrors {
  /** Config of each mirror, by name, as it would stand in sluice.yaml. */
  readonly mirrors: Readonly<Record<string, Record<string, unknown>>>;
  /** Entries that were left out, and why. */
  readonly skipped: readonly string[];
}
