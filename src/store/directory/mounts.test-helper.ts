import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Mounts a tmpfs of so many bytes on the folder; undefined where that is not permitted. Sized and gone with the test:
 * dispose of what it returns.
 */
export function mountTmpfs(folder: string, size: number): (Disposable & { readOnly(): void }) | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  if (!readFileSync("/proc/self/mountinfo", "utf8").includes(` ${folder} `))
    throw new Error(`${folder} was not mounted`);
  return {
    readOnly: () => void execFileSync("mount", ["-o", "remount,ro", folder]),
    // Lazily: a test that fails leaves files open.
    [Symbol.dispose]: () => void execFileSync("umount", ["-l", folder]),
  };
}
