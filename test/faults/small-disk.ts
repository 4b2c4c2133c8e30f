import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "../needs.ts";
import { must, plainEnv } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";

export interface Room {
  readonly bytes: number;
  readonly inodes: number;
}

/** A file system of its own in memory, whose size and number of files can be set at any time. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** What is in use. */
  used(): Promise<Room>;
  /** Leaves so much beside what is in use, and ample room of what is not named. */
  leave(room: Partial<Room>): Promise<void>;
  /** Takes all bytes but so many, as another program would. */
  fill(leaveBytes: number): Promise<void>;
  /** Makes ample room again. */
  ease(): Promise<void>;
}

/** As much as no test needs, and little enough: it is memory. */
const AMPLE: Room = { bytes: 12 * 2 ** 20, inodes: 20_000 };

/** Why no file system can be mounted here, or false. */
export const skipSmallDisk = needs("mount", "umount", "mountpoint") || refusal();

function refusal(): string | false {
  if (process.getuid?.() !== 0) return "only root mounts disks";
  const folder = mkdtempSync(join(tmpdir(), "sluice-mount-"));
  const ran = (program: string, ...args: string[]): boolean =>
    spawnSync(program, [...args, folder], { env: plainEnv() }).status === 0;
  try {
    if (!ran("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs")) return "no file system can be mounted here";
    return ran("umount") ? false : "a file system cannot be unmounted here";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function smallDisk(): Promise<SmallDisk> {
  const folder = await tempFolder("disk");
  const ballast = join(folder, "ballast");
  const options = ({ bytes, inodes }: Room): string => `size=${bytes},nr_inodes=${inodes}`;
  const remount = async (room: Room): Promise<unknown> =>
    await must("mount", ["-o", `remount,${options(room)}`, folder]);
  const sizes = async (): Promise<{ used: Room; free: number }> => {
    // What is not mounted is a folder of the host's own disk.
    await must("mountpoint", ["-q", folder]);
    const { blocks, bfree, bsize, files, ffree } = await statfs(folder);
    return { used: { bytes: (blocks - bfree) * bsize, inodes: files - ffree }, free: bfree * bsize };
  };
  await must("mount", ["-t", "tmpfs", "-o", options(AMPLE), "tmpfs", folder]);
  return {
    folder,
    used: async () => (await sizes()).used,
    async leave({ bytes, inodes }) {
      const { used } = await sizes();
      await remount({
        // A size of nothing stands for no limit.
        bytes: bytes === undefined ? AMPLE.bytes : Math.max(4096, used.bytes + bytes),
        inodes: inodes === undefined ? AMPLE.inodes : used.inodes + inodes,
      });
    },
    async fill(leaveBytes) {
      const { free } = await sizes();
      const bytes = Math.min(AMPLE.bytes, free - leaveBytes);
      try {
        if (bytes > 0) writeFileSync(ballast, Buffer.alloc(bytes, "x"));
      } catch (error) {
        // The run takes room at the same time.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    async ease() {
      rmSync(ballast, { force: true });
      await remount(AMPLE);
    },
    async [Symbol.asyncDispose]() {
      await must("umount", [folder]);
      await removeFolder(folder);
    },
  };
}
