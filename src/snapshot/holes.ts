import type { Entry } from "../upstream/contract.ts";
import type { Hole, SnapshotRecord } from "./record.ts";

/** How a record names a package that is not there. */
export function holeOf({ path, package: identity }: Entry): Hole {
  return {
    path,
    ...(identity && { name: identity.name, version: identity.version, arch: identity.arch }),
  };
}

/** The hole that a record has in the place of this package, if it is this very one. */
export function findHole(holes: ReadonlyMap<string, Hole>, entry: Entry): Hole | undefined {
  const hole = holes.get(entry.path);
  if (hole === undefined || entry.kind !== "package") return undefined;
  const { name, version, arch } = holeOf(entry);
  return hole.name === name && hole.version === version && hole.arch === arch ? hole : undefined;
}

/** A record's holes by path. */
export function holesByPath(record: SnapshotRecord | undefined): Map<string, Hole> {
  return new Map(record?.holes?.map((hole) => [hole.path, hole]));
}
