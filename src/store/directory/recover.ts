import { createHash } from "node:crypto";
import fs from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { barrier } from "./barrier.ts";
import { blobFilesSince } from "./blob-files.ts";
import type { BlobFile } from "./blob-files.ts";
import { isErrno, removeFile } from "./files.ts";
import { openExistingLockFile, tryExclusive } from "./kernel-lock.ts";
import { markOf } from "./layout.ts";
import type { Layout, Place } from "./layout.ts";
import { takeLock } from "./lock.ts";
import { MARKER_SLACK, markedSessions, markerPath } from "./marker.ts";
import { giveBackPartials } from "./partial.ts";
import { quarantineBlob } from "./quarantine.ts";
import { removeLeftovers } from "./sweep.ts";

interface Stale {
  readonly session: string;
  readonly time: number;
  readonly database: DatabaseSync;
}

/**
 * Looks for sessions that ended without their last barrier, and re-hashes what they may have left half written;
 * what is bad is removed. `own` are this process's sessions. Waits for another process that does the same.
 */
export async function recover(
  place: Place,
  own: ReadonlySet<string | undefined>,
  waitMs: number,
): Promise<void> {
  if (markedSessions(place.at).every((session) => own.has(session))) return;
  await using _lock = await takeLock(place, "recover", "re-checking files after a crash", { waitMs });
  const stale = staleSessions(place.at, own);
  try {
    if (stale.length === 0) return;
    const since = Math.min(...stale.map(({ time }) => time)) - MARKER_SLACK;
    for await (const blob of blobFilesSince(place.at, since))
      if (!(await isWhole(blob))) await dropBlob(place, blob);
    const sessions = stale.map(({ session }) => session);
    giveBackPartials(place.at, sessions);
    await removeLeftovers(place, new Set(sessions.map(markOf).filter((mark) => mark !== place.mark)));
    await barrier(place.at);
    for (const { session } of stale) removeFile(markerPath(place.at, session));
  } finally {
    for (const { database } of stale) database.close();
  }
}

function staleSessions(at: Layout, own: ReadonlySet<string | undefined>): Stale[] {
  const stale: Stale[] = [];
  for (const session of markedSessions(at)) {
    if (own.has(session)) continue;
    const file = markerPath(at, session);
    const database = openExistingLockFile(file);
    if (database === undefined) continue;
    // A session that ends just now has removed its marker.
    const time = isFree(database, file) ? fs.lstatSync(file, { throwIfNoEntry: false })?.mtimeMs : undefined;
    if (time === undefined) database.close();
    else stale.push({ session, time, database });
  }
  return stale;
}

function isFree(database: DatabaseSync, file: string): boolean {
  try {
    return tryExclusive(database);
  } catch (error) {
    if (fs.existsSync(file)) throw error;
    return false;
  }
}

async function isWhole({ sha256, file }: BlobFile): Promise<boolean> {
  const hash = createHash("sha256");
  try {
    await pipeline(fs.createReadStream(file, { highWaterMark: 256 * 1024 }), hash);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return true;
    if (isErrno(error, "EIO")) return false;
    throw error;
  }
  return hash.digest("hex") === sha256;
}

async function dropBlob(place: Place, { sha256, file, stat }: BlobFile): Promise<void> {
  if (stat.nlink > 1) await quarantineBlob(place, sha256);
  else removeFile(file);
}
