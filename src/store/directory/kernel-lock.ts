import fs from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { SluiceError } from "../../base/errors.ts";
import { createFile, writeError } from "./files.ts";

const SQLITE_BUSY = 5;

/**
 * Opens a file for `tryExclusive`. Never open or read such a file by node:fs while it may be locked in this
 * process: closing that descriptor would drop the lock (fcntl(2), POSIX record locks).
 */
export function openLockFile(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file);
  } catch (error) {
    throw whyNotMade(file) ?? unusable(file, error);
  }
}

// SQLite does not say why it cannot make a file; the file system does.
function whyNotMade(file: string): SluiceError | undefined {
  if (fs.existsSync(file)) return undefined;
  try {
    fs.closeSync(createFile(file));
  } catch (error) {
    const told = writeError(error, dirname(dirname(file)), "a lock file");
    return told instanceof SluiceError ? told : undefined;
  }
  return undefined;
}

/** The same for a file that must exist; undefined where it does not. */
export function openExistingLockFile(file: string): DatabaseSync | undefined {
  const url = pathToFileURL(file);
  url.search = "?mode=rw";
  try {
    return new DatabaseSync(url);
  } catch (error) {
    if (!fs.existsSync(file)) return undefined;
    throw unusable(file, error);
  }
}

/** Takes the kernel's lock on the file until the database is closed or the process dies; false where another has it. */
export function tryExclusive(database: DatabaseSync): boolean {
  try {
    // Nothing is ever written to it: a journal beside it would only be left behind by a kill.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if ((((error as { errcode?: number }).errcode ?? 0) & 0xff) === SQLITE_BUSY) return false;
    throw unusable(database.location() ?? "a lock file", error);
  }
}

function unusable(file: string, error: unknown): SluiceError {
  const reason = error instanceof Error ? error.message : String(error);
  return new SluiceError(
    "store_unusable",
    `The lock file ${file} cannot be used (${reason}): check owner and mode of its folder.`,
    { cause: error },
  );
}
