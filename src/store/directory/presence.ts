import fs from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { discardFile, entriesOf } from "./files.ts";
import { openExistingLockFile, openLockFile, tryExclusive } from "./kernel-lock.ts";
import { isTemporary, markOf } from "./layout.ts";
import type { Layout, Place } from "./layout.ts";
import { markedSessions } from "./marker.ts";
import { removeLeftovers } from "./sweep.ts";

/** A file under a kernel lock that says that the store with a mark is open: what has the mark in tmp/ is somebody's. */
export interface Presence {
  show(at: Layout, mark: string): void;
  leave(): void;
}

const HOUR_MS = 3_600_000;

export function newPresence(): Presence {
  let shown: { file: string; database: DatabaseSync } | undefined;
  return {
    show(at, mark) {
      const file = presencePath(at, mark);
      // Locked before it has the name by which others look for it: with a free lock it is that of a dead store.
      const opening = `${file}.opening`;
      try {
        const database = openLockFile(opening);
        shown = { file, database };
        if (!tryExclusive(database)) throw new Error("a new file is locked already");
        fs.renameSync(opening, file);
      } catch {
        // On a full disk it goes without: gc must be able to run there.
        discardFile(opening);
      }
    },
    leave() {
      if (shown === undefined) return;
      discardFile(shown.file);
      shown.database.close();
      shown = undefined;
    },
  };
}

// SQLite has an error of its own for a file that goes away meanwhile: its store has just been closed.
function isFree(database: DatabaseSync, file: string): boolean {
  try {
    return tryExclusive(database);
  } catch (error) {
    if (fs.existsSync(file)) throw error;
    return true;
  }
}

/** Removes what dead stores have left in tmp/. */
export async function removeLitter(place: Place): Promise<void> {
  removeOpenings(place);
  const marks = litterMarks(place.at);
  marks.delete(place.mark);
  const held: DatabaseSync[] = [];
  try {
    for (const mark of marks) {
      const file = presencePath(place.at, mark);
      const database = openExistingLockFile(file);
      if (database === undefined) continue;
      held.push(database);
      if (!isFree(database, file)) marks.delete(mark);
    }
    if (marks.size === 0) return;
    await removeLeftovers(place, marks);
    for (const mark of marks) discardFile(presencePath(place.at, mark));
  } finally {
    for (const database of held) database.close();
  }
}

// No lock tells whether somebody is just about to use them: only their age does.
function removeOpenings({ at, clock }: Place): void {
  for (const { name } of entriesOf(at.locks)) {
    if (!/^open-[0-9a-f]{12}\.db\.opening$/.test(name)) continue;
    const stat = fs.lstatSync(`${at.locks}/${name}`, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < clock() - HOUR_MS) discardFile(`${at.locks}/${name}`);
  }
}

/** Those of temporary names, but not where a session is still marked, and of stores that say that they are open. */
function litterMarks(at: Layout): Set<string> {
  const marks = new Set<string>();
  for (const { name } of entriesOf(at.tmp)) if (isTemporary(name)) marks.add(markOf(name));
  for (const { name } of entriesOf(at.locks)) {
    const mark = /^open-([0-9a-f]{12})\.db$/.exec(name)?.[1];
    if (mark !== undefined) marks.add(mark);
  }
  for (const session of markedSessions(at)) marks.delete(markOf(session));
  return marks;
}

function presencePath(at: Layout, mark: string): string {
  return `${at.locks}/open-${mark}.db`;
}
