import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Tmpfs extends Disposable {
  readOnly(): void;
  /** Not below what is in use; nothing may be 0, which stands for no limit. */
  resize(room: { readonly bytes: number; readonly inodes: number }): void;
}

/**
 * Mounts a tmpfs of so many bytes on the folder; undefined where that is not permitted. Sized and gone with the test:
 * dispose of what it returns.
 */
export function mountTmpfs(folder: string, size: number): Tmpfs | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  if (!readFileSync("/proc/self/mountinfo", "utf8").includes(` ${folder} `))
    throw new Error(`${folder} was not mounted`);
  return {
    readOnly: () => void execFileSync("mount", ["-o", "remount,ro", folder]),
    resize: ({ bytes, inodes }) =>
      void execFileSync("mount", ["-o", `remount,size=${bytes},nr_inodes=${inodes}`, folder]),
    // Lazily: a test that fails leaves files open.
    [Symbol.dispose]: () => void execFileSync("umount", ["-l", folder]),
  };
}
