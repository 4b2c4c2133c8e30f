import { SluiceError } from "../base/errors.ts";
import { amendSnapshot } from "../snapshot/snapshots.ts";
import { removeSnapshot } from "./gc.ts";
import { underStoreLock } from "./moves.ts";
import type { Site } from "./site.ts";
import { targetSnapshot } from "./targets.ts";
import { reconcileTrees } from "./trees.ts";

/** Pins a snapshot, so that no policy gives it up; or takes the pin away. `why` is kept in the record; `name` is `mirror@id`. */
export async function setPin(
  site: Site,
  target: string,
  why: string | undefined,
): Promise<{ readonly name: string; readonly before: string | undefined }> {
  const author = await site.author();
  return underStoreLock(site, async () => {
    const snapshot = await targetSnapshot(site.store, target);
    const { pinned, ...rest } = snapshot.body;
    const body = why === undefined ? rest : { ...rest, pinned: why };
    const change = { body, why: why === undefined ? "unpin" : `pin: ${why}`, at: site.clock() };
    if (pinned !== why) await amendSnapshot(site.store, author, snapshot, change);
    return { name: `${snapshot.body.mirror}@${snapshot.body.id}`, before: pinned };
  });
}

/** Removes a snapshot that no channel holds and that is not pinned; its files go with a later gc. `name` is `mirror@id`. */
export async function dropSnapshot(
  site: Site,
  target: string,
): Promise<{ name: string; problems: readonly string[] }> {
  const snapshot = await targetSnapshot(site.store, target);
  const { mirror, id, pinned } = snapshot.body;
  const name = `${mirror}@${id}`;
  if (pinned !== undefined) {
    throw new SluiceError(
      "snapshot_held",
      `${name} is pinned (${pinned}): run \`sluice snapshot unpin ${name}\` first.`,
    );
  }
  if (!(await removeSnapshot(site, snapshot, "snapshot remove"))) {
    throw new SluiceError(
      "snapshot_held",
      `A channel holds ${name}, or has held it within the grace time: move the channel, or wait; see \`sluice list\`.`,
    );
  }
  return { name, problems: await reconcileTrees(site) };
}
