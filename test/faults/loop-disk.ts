import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, open, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { needs } from "../needs.ts";
import { must, plainEnv, run } from "../run.ts";
import { removeFolder } from "../temp.ts";

const BYTES = 64 * 1024 * 1024;

/** Nothing becomes durable by itself while a test runs: no commit of the journal, and no early write of what is renamed. */
const OPTIONS = "loop,commit=600,noauto_da_alloc";

/** Why no disk of one's own can be made here, or false. */
export const skipDisks = needs("mkfs.ext4", "mount", "umount") || refusal();

function refusal(): string | false {
  if (process.getuid?.() !== 0) return "only root mounts disks";
  // Root of a container may have the programs, and not the right.
  const steps = [
    "truncate -s 8M image",
    "mkfs.ext4 -q -F image",
    "mkdir m",
    "mount -o loop image m",
    "umount m",
  ];
  const script = `cd "$(mktemp -d)" && ${steps.join(" && ")}; good=$?; rm image; rmdir m "$PWD"; exit $good`;
  const ran = spawnSync("sh", ["-c", script], { env: plainEnv(), encoding: "utf8" });
  return ran.status === 0 ? false : `no disk can be mounted here: ${ran.stderr.trim().split("\n")[0] ?? ""}`;
}

/** A journaled file system in a file, mounted. */
export interface LoopDisk extends AsyncDisposable {
  readonly folder: string;
  /** Cuts the power: what was not durable is gone, and the disk is mounted again. `names`: all names are durable. */
  cut(names: boolean): Promise<void>;
}

/** Disks that begin with the same content. */
export interface DiskMould extends AsyncDisposable {
  cast(): Promise<LoopDisk>;
}

/** Makes a file system, has it filled, and gives as many copies of it as are wanted. */
export async function diskMould(fill: (folder: string) => Promise<void>): Promise<DiskMould> {
  const home = await mkdtemp(join(await roomy(), "sluice-disks-"));
  const image = join(home, "mould");
  let count = 0;

  async function cast(): Promise<LoopDisk> {
    const name = join(home, `${count++}`);
    const folder = `${name}.mounted`;
    await mkdir(folder);
    await copy(image, `${name}.image`);
    await mount(`${name}.image`, folder);
    return {
      folder,
      async cut(names) {
        if (names) await commitJournal(folder);
        // A journal that is just being written is at its end a moment later; in the copy it must not be torn in a way that no disk tears it.
        await sleep(20);
        await copy(`${name}.image`, `${name}.after`);
        await unmount(folder);
        await mount(`${name}.after`, folder);
      },
      async [Symbol.asyncDispose]() {
        await unmount(folder);
        await must("rm", ["-f", `${name}.image`, `${name}.after`]);
      },
    };
  }

  try {
    await using file = await open(image, "w");
    await file.truncate(BYTES);
    await must("mkfs.ext4", [
      "-q",
      "-F",
      "-J",
      "size=4",
      "-E",
      "lazy_itable_init=0,lazy_journal_init=0",
      image,
    ]);
    await using first = await cast();
    await fill(first.folder);
    // To unmount it would do, if no other namespace had got the mount with its own.
    await must("sync", ["-f", first.folder]);
    await unmount(first.folder);
    await copy(join(home, "0.image"), image);
  } catch (error) {
    await removeFolder(home);
    throw error;
  }
  return {
    cast,
    [Symbol.asyncDispose]: async () => await removeFolder(home),
  };
}

// Whatever is synced takes the whole journal along, but no bytes of other files that have no place on the disk yet.
async function commitJournal(folder: string): Promise<void> {
  await using file = await open(join(folder, "tick"), "w");
  await file.sync();
}

/** In memory, if there is room: a disk on a disk waits for it at each sync. */
async function roomy(): Promise<string> {
  const memory = await statfs("/dev/shm").catch(() => undefined);
  const isRoomy = memory !== undefined && memory.bavail * memory.bsize > 16 * BYTES;
  return isRoomy ? "/dev/shm" : tmpdir();
}

async function copy(from: string, to: string): Promise<void> {
  await must("cp", ["--sparse=always", from, to]);
}

async function mount(image: string, folder: string): Promise<void> {
  await must("mount", ["-t", "ext4", "-o", OPTIONS, image, folder]);
}

// A child of the run that was killed may still be on it for a moment.
async function unmount(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await run("mountpoint", ["-q", folder])).code !== 0) return;
    if ((await run("umount", [folder])).code === 0) return;
    await sleep(50);
  }
  await must("umount", ["--lazy", folder]);
}
