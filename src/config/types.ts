import type { CommonOptions, Ecosystem } from "../ecosystems/contract.ts";
import type { Weakness } from "../trust/contract.ts";
import type { Bandwidth } from "../upstream/bandwidth.ts";

/** The config as checked and completed: paths absolute, durations in milliseconds. */
export interface Config {
  /** Absolute path of the file that it was read from. */
  readonly file: string;
  /** Absolute path of the data directory. */
  readonly data: string;
  /** Absolute path of the private key, where it is not in the data directory. */
  readonly privateKey: string | undefined;
  /** By whose keys imported mirrors are proven. */
  readonly imports: readonly ImportConfig[];
  /** Other sites that are pulled from. */
  readonly sites: readonly RemoteSiteConfig[];
  /** Of which other sites must bring one to read this one's store; empty: none is asked for. */
  readonly readTokens: readonly SecretSource[];
  readonly listen: { readonly host: string; readonly port: number };
  /** Processes of the server. */
  readonly workers: number;
  /** Connections that one client may have to the server at a time. */
  readonly connectionsPerClient: number | undefined;
  /** Base URL under which clients reach this site, without a final slash, where the operator gave one. */
  readonly url: string | undefined;
  readonly graceMs: number;
  /** How long a version of a channel counts as fresh. */
  readonly channelExpiryMs: number;
  /** How the store is read again and again for rot; undefined: not at all. */
  readonly scrub: ScrubConfig | undefined;
  readonly network: SiteNetwork;
  /** In the order of the file. */
  readonly mirrors: readonly MirrorConfig[];
  /** Sentences about what is accepted but does not do all that one may expect. */
  readonly warnings: readonly string[];
}

export interface ScrubConfig {
  readonly rate: Bandwidth;
  /** From the begin of one pass to that of the next. */
  readonly everyMs: number;
}

export interface MirrorConfig {
  readonly name: string;
  readonly ecosystem: Ecosystem;
  /** Base URLs, tried in this order. */
  readonly upstream: readonly string[];
  /** The adapter's own options and the engine's, as given to `enumerate` and stored in the record. */
  readonly options: Readonly<Record<string, unknown>> & CommonOptions;
  readonly trust: TrustConfig;
  readonly allowExpired: boolean;
  readonly allowOlder: boolean;
  /** A root may call itself by other names than in the last snapshot. */
  readonly allowRename: boolean;
  /** A mirror of many packages may come to have none. */
  readonly allowEmpty: boolean;
  /** Packages that no upstream has may be left out, and are recorded. */
  readonly allowMissing: boolean;
  readonly keep: Keep | undefined;
  readonly schedule: string | undefined;
  readonly network: NetworkConfig;
  readonly auth: AuthConfig | undefined;
  readonly tls: TlsConfig | undefined;
}

/** A mirror that is imported, by its name here. */
export interface ImportConfig {
  readonly name: string;
  readonly trust: TrustConfig;
}

/** Another site that is pulled from; lists that are absent mean all. */
export interface RemoteSiteConfig {
  readonly name: string;
  readonly url: string;
  readonly network: NetworkConfig;
  readonly auth: AuthConfig | undefined;
  readonly tls: TlsConfig | undefined;
  readonly channels: readonly string[] | undefined;
  readonly mirrors: readonly string[] | undefined;
}

export type TrustConfig =
  | {
      readonly kind: "keys";
      /** Absolute paths. */
      readonly keyrings: readonly string[];
      /** Armoured keys that stand in the config itself, where there are any. */
      readonly embedded?: readonly string[];
      /** Upper-case hex; empty: any key of the keyrings may sign. */
      readonly signedBy: readonly string[];
      readonly allowWeak: readonly Weakness[];
    }
  | { readonly kind: "none" };

/** How many snapshots to keep: the newest ones, and the newest of each hour, day, week, month and year. */
export interface Keep {
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
}

/** What all mirrors share in asking their upstreams. */
export interface SiteNetwork {
  /** For all mirrors of a run together; empty: no limit. */
  readonly bandwidth: Bandwidth;
  /** Connections to one host at a time, whichever mirrors it serves. */
  readonly connectionsPerHost: number;
  /** Whom the upstream's admins may turn to: a URL or a mail address. */
  readonly contact: string | undefined;
}

/** What the operator set of the transport's options; the transport has the defaults. */
export interface NetworkConfig {
  readonly bandwidth?: Bandwidth;
  readonly connections?: number;
  readonly pipelining?: number;
  readonly retries?: number;
  readonly timeoutSeconds?: { readonly connect: number; readonly headers: number; readonly body: number };
  readonly redirectHosts: readonly string[];
}

/** Where a secret stands; never the secret itself. */
export type SecretSource = { readonly env: string } | { readonly file: string };

export type AuthConfig =
  | { readonly kind: "basic"; readonly username: string; readonly password: SecretSource }
  | { readonly kind: "bearer"; readonly token: SecretSource };

/** Absolute paths of PEM files. */
export interface TlsConfig {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}
