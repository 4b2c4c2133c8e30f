import { SluiceError } from "../base/errors.ts";
import { checkMirrorName } from "../base/names.ts";
import { readSnapshot, type Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { resolveId } from "./channels.ts";

/** `MIRROR@X` as typed; x is undefined for a bare MIRROR. Throws usage or bad_name. */
export function parseTarget(text: string): { mirror: string; x: string | undefined } {
  const [mirror = "", x, more] = text.split("@");
  if (more !== undefined || x === "") {
    throw new SluiceError(
      "usage",
      `'${text}' is not MIRROR or MIRROR@X, where X is a snapshot id or a channel.`,
    );
  }
  return { mirror: checkMirrorName(mirror), x };
}

/** The snapshot that `MIRROR[@X]` means. Throws usage, bad_name, unknown_channel or unknown_snapshot. */
export async function targetSnapshot(store: ReadStore, text: string): Promise<Snapshot> {
  const { mirror, x } = parseTarget(text);
  return readSnapshot(store, mirror, await resolveId(store, mirror, x));
}
