import fs from "node:fs";
import { setTimeout } from "node:timers/promises";
import { SluiceError } from "../../base/errors.ts";
import type { Held } from "../contract.ts";
import { checkLockName, lockedError } from "../ref-names.ts";
import { discardFile, writeFile } from "./files.ts";
import { openLockFile, tryExclusive } from "./kernel-lock.ts";
import type { Place } from "./layout.ts";

const POLL_MS = 40;
// Two that try at once can both be turned away, so even an impatient one tries a few times.
const LEAST_MS = 60;

// Referenced until release: a collected DatabaseSync would close itself, and so unlock.
const held = new Map<Held, Place>();

/** The contract's lock: a kernel lock on locks/<name>.db, and a note beside it that says who holds it. */
export async function takeLock(
  place: Place,
  name: string,
  who: string,
  options: { waitMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<Held> {
  const file = `${place.at.locks}/${checkLockName(name).replaceAll("/", "+")}`;
  const database = openLockFile(`${file}.db`);
  try {
    const deadline = performance.now() + Math.max(options.waitMs ?? 0, LEAST_MS);
    while (!tryExclusive(database)) {
      if (performance.now() >= deadline) throw lockedError(name, readNote(`${file}.json`));
      await pause(options.signal);
    }
  } catch (error) {
    database.close();
    throw error;
  }
  writeNote(place, `${file}.json`, who);
  let done = false;
  const release = async (): Promise<void> => {
    if (done) return;
    done = true;
    held.delete(handle);
    // Without an error of its own (the disk may have become read-only): that of the work done under the lock counts.
    discardFile(`${file}.json`);
    database.close();
  };
  const handle: Held = { release, [Symbol.asyncDispose]: release };
  held.set(handle, place);
  return handle;
}

/** Lets go of all that was taken through this place. */
export async function releaseLocks(place: Place): Promise<void> {
  for (const [handle, owner] of held) if (owner === place) await handle.release();
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(POLL_MS * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new SluiceError("interrupted", "Stopped while waiting for a lock: run it again, it continues.", {
      cause: error,
    });
  }
}

interface Note {
  pid: number;
  who: string;
  since: string;
}

function writeNote(place: Place, file: string, who: string): void {
  const note: Note = { pid: process.pid, who, since: new Date(place.clock()).toISOString() };
  const temp = place.temp("note");
  try {
    writeFile(temp, Buffer.from(JSON.stringify(note)));
    fs.renameSync(temp, file);
  } catch {
    // The lock holds without its note; on a full disk gc must be able to take it.
    discardFile(temp);
    discardFile(file);
  }
}

function readNote(file: string): Note | undefined {
  try {
    const note = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<Note>;
    if (typeof note.pid !== "number" || typeof note.who !== "string" || typeof note.since !== "string")
      return undefined;
    return { pid: note.pid, who: note.who, since: note.since };
  } catch {
    return undefined;
  }
}
