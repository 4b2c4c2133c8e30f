import { z } from "zod";

// The files of a bundle. docs/decisions/2026-11-21-across-the-gap.md says what is in each.

export const MANIFEST = "manifest.json";
export const SUMS = "SHA256SUMS";
export const SIGNATURE = "SHA256SUMS.asc";
export const IDENTITY_FILE = "identity.json";
export const KEYS_FILE = "keys.asc";
export const CONTENTS = "contents.txt";
export const CHANNELS = "channels.txt";
export const REFS = "records/refs.ndjson";

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

export const bundlePart = z.strictObject({
  n: count,
  name: z.string().regex(/^[0-9a-f]{32}\.tar$/),
  size: count,
  sha256: hex,
});
export type BundlePart = z.output<typeof bundlePart>;

const snapshot = z.strictObject({
  mirror: z.string(),
  id: z.string(),
  ecosystem: z.string(),
  files: count,
  bytes: count,
});

const channel = z.strictObject({
  name: z.string(),
  version: count,
  mirrors: z.record(z.string(), z.string()),
  expires: z.string().exactOptional(),
});

/** `manifest.json`: what a bundle is. */
export const bundleManifest = z.strictObject({
  format: z.literal(1),
  /** SHA-256 over all of this but `bundle` and `number`. */
  bundle: hex,
  site: z.string(),
  /** The site that it is for, as the sender calls it. */
  destination: z.string(),
  number: count,
  /** Numbers of the bundles whose files are taken to be there already. */
  base: z.array(count),
  created: z.string(),
  channels: z.array(channel),
  snapshots: z.array(snapshot),
  files: count,
  bytes: count,
  /** How many parts, from the first, hold records. */
  records: count,
  parts: z.array(bundlePart),
});
export type BundleManifest = z.output<typeof bundleManifest>;

/** Where a file stands in a part; pieces of one that is cut have `.000` and so on behind it. */
export function memberOf(sha256: string): string {
  return `blobs/sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}

/** The blob that a member is; undefined where it is none. */
export function blobOf(member: string): string | undefined {
  const match = /^blobs\/sha256\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(member);
  return match === null ? undefined : `${match[1]}${match[2]}`;
}

/** Where a manifest or a key file stands. */
export function recordMember(sha256: string): string {
  return `records/${sha256}`;
}

export function recordOf(member: string): string | undefined {
  return /^records\/([0-9a-f]{64})$/.exec(member)?.[1];
}

/** The list of a snapshot's files, as `sha256sum -c` takes it. */
export function listOf(mirror: string, id: string): string {
  return `lists/${mirror}/${id}.sha256`;
}
