import fs from "node:fs";
import { open, statfs } from "node:fs/promises";
import path from "node:path";
import { SluiceError } from "../../base/errors.ts";

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Makes one directory, 0755 whatever the umask; false where it is there already. */
export function makeDirectory(directory: string): boolean {
  return directoryMaker()(directory);
}

/** The same for a row of directories: whether the umask lets 0755 through is looked at once. */
export function directoryMaker(): (directory: string) => boolean {
  let isExact: boolean | undefined;
  return (directory) => {
    try {
      fs.mkdirSync(directory, DIRECTORY_MODE);
    } catch (error) {
      if (isErrno(error, "EEXIST") && fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory())
        return false;
      throw error;
    }
    isExact ??= (fs.lstatSync(directory).mode & 0o777) === DIRECTORY_MODE;
    if (!isExact) lenient(() => fs.chmodSync(directory, DIRECTORY_MODE));
    return true;
  };
}

// A file system without modes (vfat) says EPERM: there is nothing to set there.
function lenient(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!isErrno(error, "EPERM", "ENOTSUP")) throw error;
  }
}

/** Makes a directory and its missing parents. */
export function makeDirectories(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    makeDirectories(path.dirname(directory));
    makeDirectory(directory);
  }
}

/** Creates a file, 0644 whatever the umask (nginx and apt's own user read it); the descriptor is the caller's. */
export function createFile(file: string): number {
  const fd = fs.openSync(file, "wx", FILE_MODE);
  lenient(() => fs.fchmodSync(fd, FILE_MODE));
  return fd;
}

/** Creates a file with these bytes; what could not be written whole is removed. */
export function writeFile(file: string, bytes: Uint8Array): void {
  const fd = createFile(file);
  try {
    for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at);
  } catch (error) {
    discardFile(file);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes the file, or the names in the directory, durable. */
export async function sync(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function removeFile(file: string): boolean {
  try {
    fs.unlinkSync(file);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

/** Removes a file of ours that is no longer wanted; sweep gets what cannot be removed now. */
export function discardFile(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // The error that led here counts.
  }
}

/** Entries of a directory; none where it is absent. */
export function entriesOf(directory: string): fs.Dirent[] {
  try {
    return fs.readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** Free bytes for an unprivileged writer. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** What the operator reads where the file system says no; other errors stay what they are. */
export function writeError(error: unknown, root: string, what: string): unknown {
  if (isErrno(error, "ENOSPC", "EDQUOT"))
    return new SluiceError(
      "disk_full",
      `There is no room in ${root} for ${what}${isOutOfInodes(root) ? " (no inode is left)" : ""}: make room, then run again, it continues.`,
      { cause: error },
    );
  if (isErrno(error, "EROFS"))
    return new SluiceError(
      "store_unusable",
      `${what.replace(/^./, (first) => first.toUpperCase())} cannot be written: the file system of ${root} is read-only; mount it for writing.`,
      { cause: error },
    );
  if (isErrno(error, "EACCES", "EPERM"))
    return new SluiceError(
      "store_unusable",
      `No permission to write ${what} to ${root}: check owner and mode of its folders.`,
      { cause: error },
    );
  if (isErrno(error, "EIO"))
    return new SluiceError("store_unusable", `The disk failed while writing ${what} to ${root}: check it.`, {
      cause: error,
    });
  return error;
}

// With bytes left, an operator would look for the wrong thing. Some file systems count no inodes, and say that they have none at all.
function isOutOfInodes(root: string): boolean {
  try {
    const { files, ffree } = fs.statfsSync(root);
    return files > 0 && ffree === 0;
  } catch {
    return false;
  }
}

export function figure(bytes: number): string {
  return bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}
