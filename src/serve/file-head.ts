import { snapshotTime } from "../base/names.ts";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import { cacheControl, contentType } from "./kinds.ts";

/** A file to be sent. */
export interface Served {
  readonly entry: ManifestEntry;
  /** That it was found in; a blob that is asked for by its own name has none. */
  readonly snapshot?: Snapshot;
  /** True where its URL can never mean another file. */
  readonly fixed: boolean;
  /** Of a root: since when it has had these bytes, in ms. */
  readonly since: number | undefined;
  /** In place of what is said of such a file elsewhere. */
  readonly cacheControl?: string;
}

/** A file to be sent, and the snapshot that it was found in. */
export interface ServedFile extends Served {
  readonly snapshot: Snapshot;
}

/** What the headers of an answer say of a file. */
export interface FileHead {
  /** Strong, quotes included. */
  readonly etag: string;
  readonly lastModified: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

/**
 * The head of a file; `modified` is when its blob was written, in ms. What stays the same from snapshot to snapshot
 * keeps its date: by it apt asks whether a root is still the same, and resumes a download after a promote.
 */
export function fileHead(
  { entry, snapshot, fixed, since, cacheControl: given }: Served,
  modified: number | undefined,
): FileHead {
  const age = snapshot === undefined ? 0 : snapshotTime(snapshot.body.id);
  const time = (entry.kind === "root" ? since : modified) ?? age;
  return {
    etag: `"${entry.sha256}"`,
    lastModified: new Date(time).toUTCString(),
    contentType: contentType(entry.path),
    cacheControl: given ?? cacheControl(entry, fixed),
  };
}
