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

const part = z.strictObject({
  n: count,
  name: z.string().regex(/^[0-9a-f]{32}\.tar$/),
  size: count,
  sha256: hex,
});
export type BundlePart = z.output<typeof part>;

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
  expires: z.string().optional(),
  mirrors: z.record(z.string(), z.string()),
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
  parts: z.array(part),
});
export type BundleManifest = z.output<typeof bundleManifest>;

/** Where a blob, or one piece of it, stands in a part. */
export function memberOf(sha256: string, piece?: number): string {
  const name = `blobs/sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  return piece === undefined ? name : `${name}.${String(piece).padStart(3, "0")}`;
}

/** What a member's name says; undefined where it is no blob. */
export function blobOf(member: string): { sha256: string; piece: number | undefined } | undefined {
  const match = /^blobs\/sha256\/([0-9a-f]{2})\/([0-9a-f]{62})(?:\.(\d{3,6}))?$/.exec(member);
  if (match === null) return undefined;
  return { sha256: `${match[1]}${match[2]}`, piece: match[3] === undefined ? undefined : Number(match[3]) };
}

/** The list of a snapshot's files, as `sha256sum -c` takes it. */
export function listOf(mirror: string, id: string): string {
  return `lists/${mirror}/${id}.sha256`;
}
