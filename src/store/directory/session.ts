import { availableParallelism } from "node:os";
import { SluiceError } from "../../base/errors.ts";
import { tallyOf } from "../checks.ts";
import type { BlobInfo, Expectation, Incoming, WriteSession } from "../contract.ts";
import { barrier } from "./barrier.ts";
import { figure, writeError } from "./files.ts";
import { openIncoming } from "./incoming.ts";
import type { Place } from "./layout.ts";
import { raiseMarker } from "./marker.ts";
import type { Marker } from "./marker.ts";
import { isSound, SMALL, writeBlob } from "./put.ts";
import { openWriteQueue, type WriteQueue } from "./write-queue.ts";

/** What the parts of a session share. */
export interface Writing {
  readonly place: Place;
  /** To be awaited before anything is renamed into place, or a partial is claimed. */
  dirty(): Promise<Marker>;
  /** Keys that an Incoming of this session works on. */
  readonly keys: Set<string>;
  readonly open: Set<Incoming>;
}

/** A session that has not ended, for the store that it belongs to. */
export interface LiveSession {
  /** The name of its marker, once it has one. */
  marker(): string | undefined;
  /** Leaves what is open for the next run, and the marker for the next start. */
  abandon(): Promise<void>;
}

/** Small files that a session writes by itself; where there are more, the rest goes to a thread of its own. */
const ALONE = 64;

/**
 * A session of a directory store, listed in `live` until its end; its marker is raised by its first write. `alone` is how many small files it writes before it
 * takes a thread for them.
 */
export function startSession(
  place: Place,
  live: Set<LiveSession>,
  alone = availableParallelism() > 1 ? ALONE : Infinity,
): WriteSession {
  let raised: Marker | undefined;
  let marker: Promise<Marker> | undefined;
  let unsynced = false;
  let ended = false;
  let small = 0;
  let queue: WriteQueue | undefined;
  const writing: Writing = { place, dirty, keys: new Set(), open: new Set() };

  async function dirty(): Promise<Marker> {
    marker ??= raiseMarker(place);
    raised = await marker;
    raised.precede();
    unsynced = true;
    return raised;
  }

  function checkOpen(): void {
    if (ended) throw new SluiceError("internal", "A write session was used after its end.");
  }

  async function putBlob(bytes: Uint8Array, expect: Expectation): Promise<BlobInfo> {
    if (bytes.length > SMALL || ++small <= alone) return await putHere(bytes, expect);
    const started = performance.now();
    const { precede } = await dirty();
    queue ??= openWriteQueue(place, putHere);
    const blob = await queue.put(bytes, expect);
    // Should the clock have stepped back meanwhile, the file is as old as it shows then.
    precede(performance.now() - started);
    return blob;
  }

  async function putHere(bytes: Uint8Array, expect: Expectation): Promise<BlobInfo> {
    const info = tallyOf(bytes, expect);
    // Also for one that is there: another session may have written it, and not be durable yet.
    unsynced = true;
    if (await isSound(place, info.sha256, bytes)) return info;
    await dirty();
    await writeBlob(place, info.sha256, bytes);
    return info;
  }

  async function settle(): Promise<void> {
    unsynced = false;
    try {
      await barrier(place.at);
    } catch (error) {
      unsynced = true;
      throw error;
    }
  }

  async function releaseAll(): Promise<void> {
    for (const incoming of writing.open) await incoming.release();
  }

  const entry: LiveSession = {
    marker: () => raised?.session,
    async abandon() {
      ended = true;
      live.delete(entry);
      await releaseAll();
      await queue?.close();
      raised?.abandon();
    },
  };
  live.add(entry);

  return {
    async putBlob(bytes, expect) {
      checkOpen();
      try {
        return await putBlob(bytes, expect);
      } catch (error) {
        throw writeError(error, place.at.root, `a file of ${figure(bytes.length)}`);
      }
    },
    async incoming(expect, resumeKey) {
      checkOpen();
      unsynced = true;
      return openIncoming(writing, expect, resumeKey);
    },
    async barrier() {
      checkOpen();
      await settle();
    },
    async end() {
      if (ended) return;
      await releaseAll();
      await queue?.close();
      queue = undefined;
      if (unsynced) await settle();
      ended = true;
      live.delete(entry);
      raised?.remove();
    },
  };
}
