import { link, mkdir, mkdtemp, readFile, readdir, rm, statfs, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { readIdentityRow } from "../channel/identity-row.ts";
import { holdOwn, lockMedium, trim } from "./medium-trim.ts";
import { reconcileTrees } from "../channel/trees.ts";
import type { Site } from "../channel/site.ts";
import type { DirectoryStore } from "../store/directory/open.ts";
import type { SendOptions } from "./ask-blobs.ts";
import { loadCargo, type Selection } from "./cargo.ts";
import type { Cargo } from "./contract.ts";
import { writeExport } from "./export-record.ts";
import { holdElsewhere, isOwn, openMedium } from "./medium-folder.ts";
import { roomFor } from "./room.ts";
import { bytesOf, lackingBlobs, lackingRecords, sendBlobs, sendRecords, sendRefs } from "./send.ts";
import { storeSource } from "./store-source.ts";

export interface MediumResult {
  readonly medium: string;
  readonly channels: Cargo["channels"];
  readonly snapshots: readonly string[];
  /** What had to be copied. */
  readonly files: number;
  readonly bytes: number;
  /** Older snapshots, `mirror@id`, that were taken from the medium. */
  readonly removed: readonly string[];
  readonly notices: readonly string[];
}

export interface MediumRequest extends SendOptions {
  readonly folder: string;
  readonly selection: Selection;
  /** The data folder of the site, which is no medium. */
  readonly data: string;
  /** How many of the newest snapshots of each mirror stay on the medium, beside those of its channels; all, where it does not say. */
  readonly keep?: number | undefined;
}

/**
 * Brings a medium up to date: a directory store that shows this site's own records, with trees that a client may use by `file://`. Only what it lacks is copied; the
 * records come last. Throws medium_unsuitable, medium_unsafe, disk_full.
 */
export async function writeMedium(site: Site, request: MediumRequest): Promise<MediumResult> {
  const { folder, selection } = request;
  // The row of keys is made with the first record; a site that never wrote has nothing to carry.
  await site.author();
  const own = await readIdentityRow(site.store);
  if (own === undefined) throw isOwn(folder);
  await holdElsewhere(folder, request.data);
  const cargo = await loadCargo(site.store, own.id, selection);
  await probe(folder);
  const medium = await openMedium(folder, request.data);
  try {
    await using _held = await lockMedium(medium);
    await holdOwn(medium, own.id, folder);
    const upkeep = { site: { ...site, store: medium }, keep: request.keep };
    // What nothing needs makes room for what comes.
    const early = await trim(upkeep, { store: site.store, cargo });
    const lacking = await lackingBlobs(site.store, medium, cargo);
    await roomFor(medium, lacking, "the medium");
    await copy(site, medium, cargo, lacking, request);
    const late = await trim(upkeep);
    const notices = await reconcileTrees(upkeep.site);
    const snapshots = cargo.snapshots.map(({ mirror, id }) => `${mirror}@${id}`);
    const bytes = bytesOf(lacking);
    const done = { channels: cargo.channels, snapshots, files: lacking.size, bytes };
    await writeExport(site, { kind: "medium", name: folder }, done);
    return { medium: folder, ...done, removed: [...early.removed, ...late.removed], notices };
  } finally {
    await medium.close();
  }
}

async function copy(
  site: Site,
  medium: DirectoryStore,
  cargo: Cargo,
  lacking: Map<string, number>,
  options: SendOptions,
): Promise<void> {
  const session = await medium.begin();
  try {
    const missing = await sendBlobs(
      storeSource(site.store, "medium", "this site's store"),
      session,
      lacking,
      options,
    );
    const [first] = missing.keys();
    if (first !== undefined)
      throw new SluiceError(
        "blob_missing",
        `The blob ${first} is not in the store: run \`sluice verify\`, then \`sluice sync\`.`,
      );
    await sendRecords(site.store, session, await lackingRecords(medium, cargo));
    await session.barrier();
    await sendRefs(site.store, medium, cargo.refs, (ref) => ref);
  } finally {
    await session.end();
  }
}

const PROBE = ".sluice-probe-";

/** Tries what a medium needs of its file system. */
async function probe(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // What a run that was killed here has left would make the folder one that is not empty.
  for (const name of await readdir(folder))
    if (name.startsWith(PROBE)) await rm(join(folder, name), { recursive: true, force: true });
  const place = await mkdtemp(join(folder, PROBE));
  try {
    await writeFile(join(place, "file"), "");
    await link(join(place, "file"), join(place, "hard"));
    await symlink("file", join(place, "soft"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!/^(EPERM|ENOSYS|EOPNOTSUPP|ENOTSUP|EMLINK)$/.test(code)) throw error;
    throw new SluiceError(
      "medium_unsuitable",
      `${folder} is on ${await fileSystem(folder)}, which has no hard links or no symlinks: write a bundle there instead, \`sluice export --to ${folder}\`.`,
      { cause: error },
    );
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The name of the file system that holds a folder, as the kernel calls it. */
async function fileSystem(folder: string): Promise<string> {
  const mounts = await readFile("/proc/self/mounts", "utf8").catch(() => "");
  const path = `${resolve(folder)}/`;
  let found = { place: "", type: `a file system of type ${(await statfs(folder)).type}` };
  for (const line of mounts.split("\n")) {
    const [, place = "", type = ""] = line.split(" ").map((field) => field.replaceAll("\\040", " "));
    if (path.startsWith(place.endsWith("/") ? place : `${place}/`) && place.length >= found.place.length)
      found = { place, type };
  }
  // What a driver outside of the kernel has mounted from a disk; ntfs-3g and exfat-fuse are such.
  return found.type === "fuseblk" ? "exFAT or NTFS" : found.type;
}
