import { mkdir, open, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { must, run } from "../../test/run.ts";
import type { Cleanup } from "../../test/temp.ts";

export type DiskKind = "ext4" | "tmpfs" | "folder";

/** A file system for one tool's work, empty at each turn. */
export interface Disk {
  readonly kind: DiskKind;
  readonly path: string;
  /** Empties it: a new file system, so that no turn pays for the deletes of the one before. */
  fresh(): Promise<void>;
  usage(): Promise<Usage>;
}

export interface Usage {
  readonly bytes: number;
  /** Of files alone; one with several names counts once. */
  readonly inFiles: number;
  readonly inodes: number;
}

const CHUNK = 8 * 1024 * 1024;
const INODES = 250_000;

/** A disk of `bytes`: a journaled ext4 in a file whose blocks are all there, a tmpfs, or (for those who may not mount) just a folder of `home`. */
export async function openDisk(cleanup: Cleanup, home: string, kind: DiskKind, bytes: number): Promise<Disk> {
  const path = join(home, "disk");
  await mkdir(path);
  const isMounted = async (): Promise<boolean> => (await run("mountpoint", ["-q", path])).code === 0;
  const unmount = async (): Promise<void> => {
    if (await isMounted()) await must("umount", [path]);
  };
  const usage = async (): Promise<Usage> => {
    const { bsize, blocks, bfree, files, ffree } = await statfs(path);
    const found = await must("find", [path, "-xdev", "-type", "f", "-printf", "%i %b\n"]);
    const sizes = new Map(found.split("\n").map((line) => [line.split(" ")[0], line.split(" ")[1]]));
    const inFiles = [...sizes.values()].reduce((sum, units) => sum + 512 * Number(units ?? 0), 0);
    return { bytes: (blocks - bfree) * bsize, inFiles, inodes: files - ffree };
  };
  const empty = async (): Promise<void> => {
    for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
  };
  if (kind === "folder") return { kind, path, fresh: empty, usage };

  const device = kind === "ext4" ? await loopDevice(cleanup, join(home, "disk.img"), bytes) : "tmpfs";
  cleanup.use({ [Symbol.asyncDispose]: unmount });
  return {
    kind,
    path,
    usage,
    async fresh() {
      await unmount();
      if (kind === "tmpfs")
        return void (await must("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, device, path]));
      // Nothing is left to be initialised behind the back of what is measured.
      const now = "nodiscard,lazy_itable_init=0,lazy_journal_init=0";
      await must("mkfs.ext4", ["-q", "-F", "-N", String(INODES), "-E", now, device]);
      await must("mount", [device, path]);
      await rm(join(path, "lost+found"), { recursive: true });
      await must("sync", ["-f", path]);
    },
  };
}

async function loopDevice(cleanup: Cleanup, image: string, bytes: number): Promise<string> {
  const file = await open(image, "w");
  try {
    const zeros = Buffer.alloc(CHUNK);
    for (let at = 0; at < bytes; at += CHUNK) await file.write(zeros);
    await file.sync();
  } finally {
    await file.close();
  }
  const device = (await must("losetup", ["--find", "--show", image])).trim();
  cleanup.use({
    async [Symbol.asyncDispose]() {
      await must("losetup", ["--detach", device]);
    },
  });
  return device;
}
