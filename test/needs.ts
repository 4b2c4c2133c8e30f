import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/**
 * For `test(…, { skip: needs("apt-get", "nginx") })`: false where all of these programs are here, else the reason to skip.
 * With CI=true a missing one fails the run.
 */
export function needs(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return false;
  const reason = `not installed here: ${missing.join(", ")}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

/** True where the program is on the path, or in a folder for root that is not. */
export function isInstalled(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(":").concat("/usr/local/sbin", "/usr/sbin", "/sbin");
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
