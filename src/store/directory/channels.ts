import fs from "node:fs";
import { SluiceError } from "../../base/errors.ts";
import { checkChannelName, checkMirrorName, isName, isSnapshotId } from "../../base/names.ts";
import type { TreeStore } from "../contract.ts";
import { discardFile, entriesOf, isErrno, makeDirectory, removeFile, sync, writeError } from "./files.ts";
import { gracePath } from "./grace.ts";
import type { Place } from "./layout.ts";
import { removeFolder } from "./sweep.ts";

type ChannelLinks = Pick<TreeStore, "readChannel" | "listChannels" | "setChannel" | "removeChannel">;

interface State {
  readonly folder: string;
  readonly version: number;
  readonly mirrors: Record<string, string>;
}

/** The symlinks of channels: trees/<mirror>/<channel> → .channels/<channel> → <channel>.<n>/<mirror> → the tree. */
export function channelLinks(place: Place): ChannelLinks {
  return {
    async readChannel(channel) {
      const state = readState(place, channel);
      return state && isWhole(place, channel, state)
        ? { version: state.version, mirrors: state.mirrors }
        : undefined;
    },
    async listChannels() {
      const entries = entriesOf(folderOf(place));
      return entries
        .filter((entry) => entry.isSymbolicLink() && isName(entry.name))
        .map((entry) => entry.name)
        .toSorted();
    },
    async setChannel(channel, version, mirrors) {
      checkChannelName(channel);
      for (const mirror of Object.keys(mirrors)) checkMirrorName(mirror);
      try {
        await setChannel(place, channel, version, mirrors);
      } catch (error) {
        throw writeError(error, place.at.root, `the links of channel ${channel}`);
      }
    },
    async removeChannel(channel) {
      checkChannelName(channel);
      removeConstants(place, channel, () => true);
      const link = `${folderOf(place)}/${channel}`;
      if (isLink(link)) removeFile(link);
      await removeOldFolders(place, channel, []);
      for (const mirror of mirrorsIn(place)) {
        const grace = gracePath(place.at, mirror, channel);
        if (fs.lstatSync(grace, { throwIfNoEntry: false })?.isDirectory()) await removeFolder(grace);
      }
    },
  };
}

function folderOf(place: Place): string {
  return `${place.at.trees}/.channels`;
}

function readState(place: Place, channel: string): State | undefined {
  if (!isName(channel)) return undefined;
  const folder = targetOf(`${folderOf(place)}/${channel}`);
  const version = folder === undefined ? undefined : versionOf(channel, folder);
  if (folder === undefined || version === undefined) return undefined;
  const mirrors: Record<string, string> = {};
  for (const entry of entriesOf(`${folderOf(place)}/${folder}`)) {
    const target = entry.isSymbolicLink()
      ? targetOf(`${folderOf(place)}/${folder}/${entry.name}`)
      : undefined;
    const id = target?.slice(target.lastIndexOf("/") + 1) ?? "";
    if (isName(entry.name) && isSnapshotId(id)) mirrors[entry.name] = id;
  }
  return { folder, version, mirrors };
}

/** True where the version's folder holds right links alone, each mirror in it has its constant link, and no other mirror has one. */
function isWhole(place: Place, channel: string, { folder, mirrors }: State): boolean {
  const path = `${folderOf(place)}/${folder}`;
  const names = entriesOf(path).map((entry) => entry.name);
  const hasConstant = (mirror: string): boolean =>
    targetOf(`${place.at.trees}/${mirror}/${channel}`) === constantTarget(mirror, channel);
  return (
    fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true &&
    names.every((name) => targetOf(`${path}/${name}`) === treeTarget(name, mirrors[name] ?? "")) &&
    names.every(hasConstant) &&
    mirrorsIn(place).every((mirror) => names.includes(mirror) || !hasConstant(mirror))
  );
}

/** The number of `<channel>.<n>`; a `+` at its end says that the plain name was taken, as by a channel named `9.4`. */
function versionOf(channel: string, folder: string): number | undefined {
  if (!folder.startsWith(`${channel}.`)) return undefined;
  const digits = /^(\d+)\+*$/.exec(folder.slice(channel.length + 1))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

async function setChannel(
  place: Place,
  channel: string,
  version: number,
  mirrors: Readonly<Record<string, string>>,
): Promise<void> {
  const base = folderOf(place);
  makeDirectory(base);
  await makeWay(place, channel);
  const before = readState(place, channel)?.folder;
  await removeOldFolders(place, channel, [before]);
  let folder = `${channel}.${version}`;
  while (fs.lstatSync(`${base}/${folder}`, { throwIfNoEntry: false }) !== undefined) folder += "+";
  makeDirectory(`${base}/${folder}`);
  for (const [mirror, id] of Object.entries(mirrors)) {
    if (!isSnapshotId(id)) throw new SluiceError("bad_name", `'${id}' is not the id of a snapshot.`);
    fs.symlinkSync(treeTarget(mirror, id), `${base}/${folder}/${mirror}`);
  }
  // All that the link leads to is durable before it is switched, and then the link.
  for (const one of [`${base}/${folder}`, base, place.at.trees]) await sync(one);
  // A name that is there always leads somewhere: it goes before the switch, and comes after it.
  removeConstants(place, channel, (mirror) => mirrors[mirror] === undefined);
  pointTo(place, `${base}/${channel}`, folder);
  const folders = new Set([base]);
  for (const mirror of Object.keys(mirrors)) {
    if (makeDirectory(`${place.at.trees}/${mirror}`)) folders.add(place.at.trees);
    if (pointTo(place, `${place.at.trees}/${mirror}/${channel}`, constantTarget(mirror, channel)))
      folders.add(`${place.at.trees}/${mirror}`);
  }
  for (const one of folders) await sync(one);
  // The folder just left stays until the next switch: a client may be on its way through it.
  await removeOldFolders(place, channel, [before, folder]);
}

// A folder `9.4` of channel 9 stands where the link of a channel named 9.4 must be: make 9 use another one.
async function makeWay(place: Place, channel: string): Promise<void> {
  const base = folderOf(place);
  const owner = /^(.+)\.\d+$/.exec(channel)?.[1];
  if (owner === undefined || !fs.lstatSync(`${base}/${channel}`, { throwIfNoEntry: false })?.isDirectory())
    return;
  const state = readState(place, owner);
  if (state?.folder === channel) await setChannel(place, owner, state.version, state.mirrors);
  await removeFolder(`${base}/${channel}`);
}

async function removeOldFolders(
  place: Place,
  channel: string,
  keep: readonly (string | undefined)[],
): Promise<void> {
  for (const entry of entriesOf(folderOf(place)))
    if (entry.isDirectory() && versionOf(channel, entry.name) !== undefined && !keep.includes(entry.name))
      await removeFolder(`${folderOf(place)}/${entry.name}`);
}

function mirrorsIn(place: Place): string[] {
  return entriesOf(place.at.trees)
    .filter((entry) => entry.isDirectory() && isName(entry.name))
    .map((entry) => entry.name);
}

function treeTarget(mirror: string, id: string): string {
  return `../../${mirror}/${id}`;
}

function constantTarget(mirror: string, channel: string): string {
  return `../.channels/${channel}/${mirror}`;
}

function removeConstants(place: Place, channel: string, matches: (mirror: string) => boolean): void {
  for (const mirror of mirrorsIn(place)) {
    const link = `${place.at.trees}/${mirror}/${channel}`;
    if (matches(mirror) && targetOf(link) === constantTarget(mirror, channel)) removeFile(link);
  }
}

function isLink(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function targetOf(link: string): string | undefined {
  try {
    return fs.readlinkSync(link);
  } catch (error) {
    if (isErrno(error, "ENOENT", "EINVAL", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Makes or switches a symlink by one rename, false where it is right already; anything but a symlink there is not ours. */
function pointTo(place: Place, link: string, target: string): boolean {
  if (targetOf(link) === target) return false;
  const stat = fs.lstatSync(link, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isSymbolicLink())
    throw new SluiceError("store_unusable", `${link} is in the way of a link of Sluice: move it elsewhere.`);
  const temp = place.temp("link");
  fs.symlinkSync(target, temp);
  try {
    fs.renameSync(temp, link);
    return true;
  } finally {
    discardFile(temp);
  }
}
