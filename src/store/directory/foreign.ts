import fs from "node:fs";
import { SluiceError } from "../../base/errors.ts";

/**
 * Guards the reading of a store that others may have written to, such as a medium: throws medium_unsafe where a path below the root leads over a link, or to
 * something else than a folder or a plain file.
 */
export function foreignGuard(root: string): (path: string) => void {
  const known = new Set<string>();
  return (path) => {
    const steps = path.slice(root.length + 1).split("/");
    let at = root;
    for (const [nth, step] of steps.entries()) {
      if (step === "") continue;
      at = `${at}/${step}`;
      if (known.has(at)) continue;
      const stat = fs.lstatSync(at, { throwIfNoEntry: false });
      if (stat === undefined) return;
      if (stat.isDirectory()) known.add(at);
      else if (!stat.isFile() || nth < steps.length - 1) throw unsafe(at, stat);
    }
  };
}

function unsafe(path: string, stat: fs.Stats): SluiceError {
  const what = stat.isSymbolicLink() ? "a symlink" : stat.isFile() ? "a file" : "a device, pipe or socket";
  return new SluiceError(
    "medium_unsafe",
    `${path} is ${what}, which no medium has there: it was altered; do not use it, and have it written again.`,
  );
}
