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
  readonly reserve: string;
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
    reserve: `${root}/reserve`,
  };
}

const MARK = 12;

/** What an open store hands to its parts. */
export interface Place {
  readonly at: Layout;
  readonly clock: Clock;
  /** What the names of this open store begin with, in tmp/: those of its sessions too. */
  readonly mark: string;
  /** A new name below tmp/, of the form that `isTemporary` knows. */
  temp(kind: TemporaryKind): string;
}

/** new: a blob; ref; tree: being built; gone: being removed; link: a name to be renamed; opening: a marker to be. */
export type TemporaryKind = "new" | "ref" | "tree" | "gone" | "link" | "opening" | "note";

/** `begin` is called ahead of the first temporary name. */
export function placeAt(
  root: string,
  clock: Clock,
  begin: (at: Layout, mark: string) => void = () => undefined,
): Place {
  const at = layoutOf(root);
  const mark = randomBytes(MARK / 2).toString("hex");
  let count = 0;
  function temp(kind: TemporaryKind): string {
    if (count === 0) begin(at, mark);
    return `${at.tmp}/${kind}-${mark}-${count++}`;
  }
  return { at, clock, mark, temp };
}

/** True for the names of `temp`, and of the journal that SQLite may lay beside a marker to be. */
export function isTemporary(name: string): boolean {
  return /^(new|ref|tree|gone|link|opening|note)-[0-9a-f]{12,16}-\d+(-journal)?$/.test(name);
}

/** The mark in the name of a temporary file, or that a session's name begins with. */
export function markOf(name: string): string {
  return name.slice(name.indexOf("-") + 1).slice(0, MARK);
}

/** Where the blob lies; undefined for what is no SHA-256. */
export function blobPath(at: Layout, sha256: string): string | undefined {
  if (!isDigest("sha256", sha256)) return undefined;
  return `${at.blobs}/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}
