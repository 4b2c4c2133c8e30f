import { SluiceError } from "../base/errors.ts";
import { checkChannelName, checkMirrorName, isSnapshotId } from "../base/names.ts";
import type { Origin } from "../snapshot/record.ts";
import { lastSnapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Cargo } from "./contract.ts";
import type { ImportRecord } from "./import-record.ts";

/** Holds that no name in the cargo is one that Sluice would not have given. */
export function checkNames(cargo: Cargo): void {
  for (const { mirror, id } of cargo.snapshots) {
    checkMirrorName(mirror);
    if (!isSnapshotId(id))
      throw new SluiceError("bad_name", `'${id}' cannot be the id of a snapshot of '${mirror}'.`);
  }
  for (const { name, mirrors } of cargo.channels) {
    checkChannelName(name);
    for (const mirror of Object.keys(mirrors)) checkMirrorName(mirror);
  }
}

/**
 * What each of the sender's mirrors is called here: as asked (`--as`), else as before, else as there. Throws mirror_taken where a mirror of that name was made
 * here, or came from another site or from another mirror of that one.
 */
export async function namesHere(
  store: ReadStore,
  sender: string,
  cargo: Cargo,
  as: ReadonlyMap<string, string>,
  before: ImportRecord | undefined,
): Promise<Map<string, string>> {
  const theirs = [...new Set(cargo.snapshots.map(({ mirror }) => mirror))];
  for (const name of as.keys())
    if (!theirs.includes(name))
      throw new SluiceError(
        "unknown_mirror",
        `What is to be imported has no mirror '${name}': it has ${theirs.join(", ")}.`,
      );
  const names = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const mirror of theirs) {
    const ours = checkMirrorName(as.get(mirror) ?? before?.mirrors[mirror] ?? mirror);
    const last = await lastSnapshot(store, ours);
    const other = taken.get(ours);
    if (other !== undefined)
      throw new SluiceError(
        "mirror_taken",
        `Both '${other}' and '${mirror}' would be called '${ours}' here: give one of them another name with \`--as\`.`,
      );
    const origin = last?.body.origin;
    if (last !== undefined && (origin?.site !== sender || origin.mirror !== mirror))
      throw mirrorTaken(mirror, ours, origin);
    names.set(mirror, ours);
    taken.set(ours, mirror);
  }
  return names;
}

function mirrorTaken(theirs: string, ours: string, origin: Origin | undefined): SluiceError {
  const whose =
    origin === undefined
      ? "was made by this site itself"
      : `came from the site ${origin.site} as '${origin.mirror}'`;
  return new SluiceError(
    "mirror_taken",
    `There is a mirror '${ours}' here already, which ${whose}: import this one under another name, \`--as ${theirs}=OTHER\`.`,
  );
}
