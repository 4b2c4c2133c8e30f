import { randomBytes } from "node:crypto";
import { isDigest } from "../../base/digest.ts";
import type { Clock } from "../../base/clock.ts";

/** The folders of a directory store, absolute. */
export interface Layout {
  readonly root: string;
  readonly blobs: string;
  readonly refs: string;
  readonly trees: string;
  readonly tmp: string;
  readonly partial: string;
  readonly quarantine: string;
  readonly locks: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    blobs: `${root}/blobs/sha256`,
    refs: `${root}/refs`,
    trees: `${root}/trees`,
    tmp: `${root}/tmp`,
    partial: `${root}/tmp/partial`,
    quarantine: `${root}/quarantine`,
    locks: `${root}/locks`,
  };
}

/** What an open store hands to its parts. */
export interface Place {
  readonly at: Layout;
  readonly clock: Clock;
  /** A new name below tmp/, of the form that `isTemporary` knows. */
  temp(kind: TemporaryKind): string;
}

/** new: a blob; ref; tree: being built; gone: being removed; link: a name to be renamed; opening: a marker to be. */
export type TemporaryKind = "new" | "ref" | "tree" | "gone" | "link" | "opening" | "note";

export function placeAt(root: string, clock: Clock): Place {
  const at = layoutOf(root);
  const prefix = randomBytes(8).toString("hex");
  let count = 0;
  return { at, clock, temp: (kind) => `${at.tmp}/${kind}-${prefix}-${count++}` };
}

export function isTemporary(name: string): boolean {
  return /^(new|ref|tree|gone|link|opening|note)-[0-9a-f]{16}-\d+$/.test(name);
}

/** Where the blob lies; undefined for what is no SHA-256. */
export function blobPath(at: Layout, sha256: string): string | undefined {
  if (!isDigest("sha256", sha256)) return undefined;
  return `${at.blobs}/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}
