import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { findHole, holeOf, holesByPath } from "../snapshot/holes.ts";
import type { Hole, SnapshotRecord } from "../snapshot/record.ts";
import type { Entry } from "../upstream/contract.ts";
import { contentKey } from "./fetch.ts";

/** Which missing packages a sync goes on without. */
export interface Leniency {
  /** True once walks with the same roots have all missed something: what is missing under these roots is then missing for good. */
  settle(rootsKey: string, reason: unknown): boolean;
  /** May this file be missing, under these roots? */
  mayMiss(rootsKey: string, entry: Entry): boolean;
}

/** The record holds every hole, and every listing reads the record. */
const MOST_HOLES = 10_000;
const NAMED = 5;

/** Never anything without `allow-missing`; never a root or an index. What the last snapshot misses already is not waited for again. */
export function leniency(allowMissing: boolean, current: SnapshotRecord | undefined): Leniency {
  const known = holesByPath(current);
  let settled: string | undefined;
  return {
    settle(rootsKey, reason) {
      const missing = reason instanceof SluiceError && reason.code === "file_missing";
      if (!allowMissing || !missing || settled === rootsKey) return false;
      settled = rootsKey;
      return true;
    },
    mayMiss: (rootsKey, entry) =>
      allowMissing &&
      entry.kind === "package" &&
      (settled === rootsKey || findHole(known, entry) !== undefined),
  };
}

/**
 * The holes that lost contents leave among the entries, in the order of their paths. Throws `file_missing` where nothing is left, or too much is
 * missing to be told one by one.
 */
export function holesOf(
  entries: ReadonlyMap<string, Entry>,
  lost: ReadonlySet<string>,
  mirror: string,
): readonly Hole[] {
  if (lost.size === 0) return [];
  const packages = [...entries.values()].filter((entry) => entry.kind === "package");
  const missing = packages.filter((entry) => lost.has(contentKey(entry)));
  if (missing.length === packages.length || missing.length > MOST_HOLES) {
    throw new SluiceError(
      "file_missing",
      `The upstream of '${mirror}' lists ${packages.length} packages and does not have ${missing.length} of them: check its URL, allow-missing is not for this.`,
    );
  }
  return missing.map(holeOf).toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** Tells the operator what a snapshot is without. */
export function warnOfHoles(emit: Emit, mirror: string, holes: readonly Hole[]): void {
  if (holes.length === 0) return;
  const names = holes
    .slice(0, NAMED)
    .map(({ path, name, version, arch }) =>
      name === undefined ? path : `${name} ${version ?? ""} (${arch ?? ""})`,
    );
  const more = holes.length - names.length;
  const are = holes.length === 1 ? "1 package is" : `${holes.length} packages are`;
  emit({
    event: "warning",
    mirror,
    code: "file_missing",
    message: `${are} listed, but at no upstream, and so missing here (allow-missing): ${names.join(", ")}${more > 0 ? `, and ${more} more` : ""}.`,
  });
}
