import { spawnSync } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { needs } from "../../needs.ts";
import { must, plainEnv, run } from "../../run.ts";
import { removeFolder, tempFolder } from "../../temp.ts";

/** A file system as media have it, in a file of its own. */
export interface Disk extends AsyncDisposable {
  readonly folder: string;
  /** Mounts it anew, for reading only. */
  readOnly(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly programs: readonly string[];
  readonly make: readonly string[];
  /** Whether its driver takes devices only. */
  readonly needsDevice: boolean;
  mount(place: string, folder: string, isReadOnly: boolean): readonly string[];
}

const BYTES = 64 * 2 ** 20;

/** What sticks come with: neither has links. */
export const STICKS: readonly Kind[] = [
  {
    name: "exFAT",
    programs: ["mkfs.exfat", "mount.exfat-fuse"],
    needsDevice: true,
    make: ["mkfs.exfat"],
    mount: (place, folder, isReadOnly) => [
      "mount.exfat-fuse",
      ...(isReadOnly ? ["-o", "ro"] : []),
      place,
      folder,
    ],
  },
  {
    name: "FAT32",
    programs: ["mkfs.vfat", "fusefat"],
    needsDevice: false,
    make: ["mkfs.vfat", "-F", "32"],
    mount: (place, folder, isReadOnly) => ["fusefat", "-o", isReadOnly ? "ro" : "rw+", place, folder],
  },
];

/** Why nothing can be mounted here by FUSE, or false. */
export const skipFuse = needs("fusermount", "losetup", "mountpoint", "umount") || refusal();

function refusal(): string | false {
  if (process.getuid?.() !== 0) return "only root mounts disks";
  const ran = spawnSync("sh", ["-c", ": <>/dev/fuse"], { env: plainEnv(), encoding: "utf8" });
  if (ran.status !== 0) return `FUSE does not work here: ${ran.stderr.trim()}`;
  const loop = spawnSync("losetup", ["--find"], { env: plainEnv(), encoding: "utf8" });
  return loop.status === 0 ? false : `there are no loop devices here: ${loop.stderr.trim()}`;
}

/** Makes and mounts a stick of 64 MiB, empty. */
export async function stick(kind: Kind): Promise<Disk> {
  const home = await tempFolder("stick");
  const [image, folder] = [join(home, "image"), join(home, "mounted")];
  await mkdir(folder);
  {
    await using file = await open(image, "w");
    await file.truncate(BYTES);
  }
  const [program = "", ...args] = kind.make;
  await must(program, [...args, image]);
  const place = kind.needsDevice ? (await must("losetup", ["--find", "--show", image])).trim() : image;
  const release = async (): Promise<void> => {
    await unmount(folder);
    if (kind.needsDevice) await must("losetup", ["--detach", place]);
    await removeFolder(home);
  };
  try {
    await mounted(kind.mount(place, folder, false), folder);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    folder,
    async readOnly() {
      await unmount(folder);
      await mounted(kind.mount(place, folder, true), folder);
    },
    [Symbol.asyncDispose]: release,
  };
}

/** An ISO image of a folder, mounted. */
export async function disc(from: string): Promise<AsyncDisposable & { readonly folder: string }> {
  const home = await tempFolder("disc");
  const [image, folder] = [join(home, "image.iso"), join(home, "mounted")];
  await mkdir(folder);
  await must("genisoimage", ["-quiet", "-R", "-o", image, from]);
  await mounted(["fuseiso", image, folder], folder);
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await unmount(folder);
      await removeFolder(home);
    },
  };
}

async function mounted([program = "", ...args]: readonly string[], folder: string): Promise<void> {
  await must(program, args);
  // What is not mounted is a folder of the host's own disk.
  await must("mountpoint", ["-q", folder]);
}

async function unmount(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await run("mountpoint", ["-q", folder])).code !== 0) return;
    if ((await run("umount", [folder])).code !== 0) await sleep(50);
  }
  await must("umount", ["--lazy", folder]);
}
