import fs from "node:fs";
import { SluiceError } from "../../base/errors.ts";
import { checkMirrorName, isName, isSnapshotId } from "../../base/names.ts";
import type { TreeStore } from "../contract.ts";
import { settle } from "./barrier.ts";
import { channelLinks } from "./channels.ts";
import { entriesOf, makeDirectory, sync, writeError } from "./files.ts";
import { setGrace } from "./grace.ts";
import type { Place } from "./layout.ts";
import { startPace } from "./pace.ts";
import { plantFile, plantFolders, plantNewFolders, plantOver, planTree, prune, wrongIn } from "./plant.ts";
import type { Plan } from "./plant.ts";
import { removeFolder } from "./sweep.ts";

/** The folders under trees/ of a directory store. */
export function treeStore(place: Place): TreeStore {
  const { trees } = place.at;
  return {
    ...channelLinks(place),
    async hasTree(mirror, id) {
      return isFolder(treePath(place, mirror, id));
    },
    async listTrees() {
      const found: { mirror: string; id: string }[] = [];
      for (const mirror of entriesOf(trees))
        if (mirror.isDirectory() && isName(mirror.name))
          for (const tree of entriesOf(`${trees}/${mirror.name}`))
            if (tree.isDirectory() && isSnapshotId(tree.name))
              found.push({ mirror: mirror.name, id: tree.name });
      return found.toSorted((a, b) => compare(a.mirror, b.mirror) || compare(a.id, b.id));
    },
    async createTree(mirror, id, files) {
      const target = treePath(place, mirror, id);
      try {
        const plan = planTree(files, `${mirror}@${id}`);
        if (isFolder(target)) return await complete(place, target, plan);
        if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw inTheWay(target);
        const aside = await build(place, plan);
        makeDirectory(`${trees}/${mirror}`);
        fs.renameSync(aside, target);
        await sync(`${trees}/${mirror}`);
        await sync(trees);
        return [];
      } catch (error) {
        throw writeError(error, place.at.root, `the tree of ${mirror}@${id}`);
      }
    },
    async wrongInTree(mirror, id, files) {
      const target = treePath(place, mirror, id);
      if (!isFolder(target)) return undefined;
      return wrongIn(place, target, planTree(files, `${mirror}@${id}`));
    },
    async removeTree(mirror, id) {
      await discard(place, treePath(place, mirror, id));
    },
    async setGrace(mirror, channel, files) {
      await setGrace(place, mirror, channel, files);
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function treePath(place: Place, mirror: string, id: string): string {
  if (!isSnapshotId(id)) throw new SluiceError("bad_name", `'${id}' is not the id of a snapshot.`);
  return `${place.at.trees}/${checkMirrorName(mirror)}/${id}`;
}

function isFolder(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function build(place: Place, plan: Plan): Promise<string> {
  const aside = place.temp("tree");
  const pace = startPace();
  makeDirectory(aside);
  try {
    plantNewFolders(aside, plan);
    for (const file of plan.files.values()) {
      plantFile(place.at, `${aside}/${file.path}`, file);
      await pace();
    }
    await settle(aside, plan.folders);
    return aside;
  } catch (error) {
    await removeFolder(aside);
    throw error;
  }
}

// What quarantine took out of a tree comes back, and what others did to it is undone, name by name.
async function complete(place: Place, target: string, plan: Plan): Promise<string[]> {
  const pace = startPace();
  const righted = plantFolders(target, plan);
  for (const file of plan.files.values()) {
    if (await plantOver(place, `${target}/${file.path}`, file)) righted.push(file.path);
    await pace();
  }
  righted.push(...(await prune(target, plan)));
  if (righted.length > 0) await settle(target, plan.folders);
  return righted;
}

function inTheWay(path: string): SluiceError {
  return new SluiceError("store_unusable", `${path} is in the way of a tree of Sluice: move it elsewhere.`);
}

// Out of sight by one rename, whole until then.
async function discard(place: Place, target: string): Promise<void> {
  if (!isFolder(target)) return;
  const old = place.temp("gone");
  fs.renameSync(target, old);
  await removeFolder(old);
}
