import fs from "node:fs";
import { checkChannelName, checkMirrorName } from "../../base/names.ts";
import type { TreeFile } from "../contract.ts";
import { settle } from "./barrier.ts";
import { makeDirectories, writeError } from "./files.ts";
import type { Layout, Place } from "./layout.ts";
import { startPace } from "./pace.ts";
import { plantFolders, plantOver, planTree, prune } from "./plant.ts";
import { removeFolder } from "./sweep.ts";

/** Makes trees/<mirror>/.grace/<channel>/ hold exactly these files: adds first, removes last. */
export async function setGrace(
  place: Place,
  mirror: string,
  channel: string,
  files: readonly TreeFile[],
): Promise<void> {
  const base = gracePath(place.at, checkMirrorName(mirror), checkChannelName(channel));
  const plan = planTree(files, `The grace of ${mirror} in ${channel}`);
  const isThere = fs.lstatSync(base, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (files.length === 0) {
    if (isThere) await removeFolder(base);
    return;
  }
  try {
    makeDirectories(base);
    plantFolders(base, plan);
    const pace = startPace();
    let changed = false;
    for (const file of plan.files.values()) {
      if (await plantOver(place, `${base}/${file.path}`, file)) changed = true;
      await pace();
    }
    if (changed) await settle(base, plan.folders);
    await prune(base, plan);
  } catch (error) {
    throw writeError(error, place.at.root, `the grace folder of ${mirror}`);
  }
}

export function gracePath(at: Layout, mirror: string, channel: string): string {
  return `${at.trees}/${mirror}/.grace/${channel}`;
}
