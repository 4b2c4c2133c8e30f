import { randomBytes } from "node:crypto";
import fs from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { createFile, discardFile, entriesOf, removeFile, sync } from "./files.ts";
import { openLockFile, tryExclusive } from "./kernel-lock.ts";
import type { Layout, Place } from "./layout.ts";

/** A session's dirty marker: a file in tmp/ under a kernel lock, so that a killed session is known by its free lock. */
export interface Marker {
  readonly session: string;
  /** Keeps the marker older than what is written next, or was written within these last ms, also when the clock has stepped back. */
  precede(ms?: number): void;
  /** Takes the marker away. */
  remove(): void;
  /** Gives up the lock only, as a kill would. */
  abandon(): void;
}

/** Blobs whose times are this much older than the marker (ms) were there before it. */
export const MARKER_SLACK = 1000;

export async function raiseMarker(place: Place): Promise<Marker> {
  const session = newSession(place);
  // Locked under a name that no recovery looks at, then renamed. The descriptor stays open until the lock is
  // gone: closing any descriptor of a file drops a process's POSIX locks on it.
  const opening = place.temp("opening");
  const fd = createFile(opening);
  let database: DatabaseSync;
  let time: number;
  try {
    fs.fsyncSync(fd);
    time = fs.fstatSync(fd).mtimeMs;
    database = openLockFile(opening);
    if (!tryExclusive(database)) throw new Error("a new file is locked already");
    fs.renameSync(opening, markerPath(place.at, session));
    await sync(place.at.tmp);
  } catch (error) {
    fs.closeSync(fd);
    discardFile(opening);
    throw error;
  }
  const unlock = (): void => {
    database.close();
    fs.closeSync(fd);
  };
  return {
    session,
    precede(ms = 0) {
      const now = place.clock() - ms;
      if (now >= time - MARKER_SLACK / 2) return;
      time = now;
      fs.futimesSync(fd, now / 1000, now / 1000);
      fs.fsyncSync(fd);
    },
    remove() {
      removeFile(markerPath(place.at, session));
      unlock();
    },
    abandon: unlock,
  };
}

// Sixteen digits, of which the first are the store's: what else a dead one left in tmp/ is known by them.
function newSession(place: Place): string {
  for (;;) {
    const session = place.mark + randomBytes(8 - place.mark.length / 2).toString("hex");
    if (!fs.existsSync(markerPath(place.at, session))) return session;
  }
}

export function markerPath(at: Layout, session: string): string {
  return `${at.tmp}/session-${session}.db`;
}

/** Sessions that have a marker, whether they live or not. */
export function markedSessions(at: Layout): string[] {
  return entriesOf(at.tmp)
    .map((entry) => /^session-([0-9a-f]{16})\.db$/.exec(entry.name)?.[1])
    .filter((session) => session !== undefined);
}
