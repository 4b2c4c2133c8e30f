import { strongest } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import type { BlobInfo, Expectation, PruneStore, WriteSession } from "../store/contract.ts";
import { Moved, type Entry, type Transport } from "../upstream/contract.ts";
import { download, type Sink } from "../upstream/download.ts";

/** Files up to this size are held in memory until they are proven, then written at one stroke. */
const SMALL = 256 * 1024;

export interface Fetching {
  readonly store: PruneStore;
  readonly session: WriteSession;
  /** In the order of the config. */
  readonly sources: readonly Transport[];
  /** The source that answered last is asked first: one that is down costs its time-outs once, not once a file. */
  readonly answered: { source?: Transport; roots?: Transport };
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Called with the bytes of each file that came in. */
  readonly received: (bytes: number) => void;
}

/** What makes two entries the same file: the strongest digest, or the place where there is none. */
export function contentKey(entry: Entry): string {
  // The digest itself, which differs in length by algorithm: a text made of it would be kept for each of many entries.
  return strongest(entry.digests)?.hex ?? `from:${entry.from}`;
}

/** The blob of an entry, if the store has it in the right size; one of the wrong size goes to quarantine. */
export async function presentBlob(store: PruneStore, entry: Entry): Promise<BlobInfo | undefined> {
  const sha256 = entry.digests.sha256;
  if (sha256 === undefined) return undefined;
  const blob = await store.statBlob(sha256);
  if (blob === undefined || entry.size === undefined || blob.size === entry.size) return blob;
  await store.quarantine(sha256);
  return undefined;
}

/** True where the store has lost a blob, or has it with other bytes. */
export function isBadBlob(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === "blob_missing" || error.code === "blob_corrupt");
}

/**
 * Brings one file into the store and proves it. Undefined where no upstream has it. Throws Moved where every upstream gives something else than was
 * signed, so that the caller can look whether the roots have changed.
 */
export async function fetchEntry(fetching: Fetching, entry: Entry): Promise<BlobInfo | undefined> {
  let sources = fetching.sources;
  let refused: SluiceError | undefined;
  // The upstream whose answer did not fit, and may have been meant for another request.
  let mixedUp: Transport | undefined;
  while (sources.length > 0) {
    const place = await openPlace(fetching.session, entry);
    const resumed = place.sink.have > 0;
    let source: Transport | undefined;
    let ahead = false;
    try {
      const reply = await download(sources, entry.from, place.sink, {
        ...limits(entry),
        signal: fetching.signal,
        emit: fetching.emit,
        prefer: mixedUp ?? sources.find((one) => one === fetching.answered.source),
        alone: mixedUp !== undefined,
      });
      if (reply.status === "absent") break;
      source = reply.transport;
      ahead = reply.ahead === true;
      fetching.answered.source = source;
      const blob = await place.commit();
      if (source === mixedUp) await source.distrust?.(entry.from);
      fetching.received(blob.size);
      return blob;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused = inWords(error, entry, source ?? sources[0]);
      mixedUp = ahead ? source : undefined;
      if (mixedUp !== undefined) continue;
      // Bytes of an earlier run may be of an earlier file: such an upstream is asked once more, from the start.
      if (!resumed) sources = source === undefined ? [] : sources.filter((one) => one !== source);
    } finally {
      await place.release();
    }
  }
  if (refused !== undefined) throw new Moved(refused);
  return undefined;
}

function isRefusal(error: unknown): error is SluiceError {
  return error instanceof SluiceError && (error.code === "digest_mismatch" || error.code === "too_large");
}

function inWords(error: SluiceError, entry: Entry, source: Transport | undefined): SluiceError {
  const where = source === undefined ? "the upstream" : source.name;
  const fault = error.code === "too_large" ? "is larger than was signed" : "is not the file that was signed";
  return new SluiceError(
    error.code,
    `'${entry.path}' from ${where} ${fault}: the upstream was altered or damaged, nothing of it was taken.`,
    { cause: error },
  );
}

function limits(entry: Entry): { size?: number; maxSize?: number } {
  if (entry.size !== undefined) return { size: entry.size };
  return entry.maxSize === undefined ? {} : { maxSize: entry.maxSize };
}

interface Place {
  readonly sink: Sink;
  commit(): Promise<BlobInfo>;
  release(): Promise<void>;
}

async function openPlace(session: WriteSession, entry: Entry): Promise<Place> {
  const expect: Expectation = { digests: entry.digests, ...limits(entry) };
  if (entry.size === undefined || entry.size > SMALL) {
    const incoming = await session.incoming(expect, contentKey(entry));
    return { sink: incoming, commit: async () => incoming.commit(), release: async () => incoming.release() };
  }
  const sink = new MemorySink(entry.size, entry.path);
  return { sink, commit: async () => session.putBlob(sink.bytes(), expect), release: async () => undefined };
}

class MemorySink implements Sink {
  readonly #size: number;
  readonly #path: string;
  // As they came: most small files are one chunk, and need no copy.
  #chunks: Uint8Array[] = [];
  #have = 0;

  constructor(size: number, path: string) {
    this.#size = size;
    this.#path = path;
  }

  get have(): number {
    return this.#have;
  }

  async append(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      if (this.#have + chunk.length > this.#size) {
        throw new SluiceError(
          "too_large",
          `'${this.#path}' is larger than the ${this.#size} bytes that were signed: refused.`,
        );
      }
      this.#chunks.push(chunk);
      this.#have += chunk.length;
    }
  }

  async reset(): Promise<void> {
    this.#chunks = [];
    this.#have = 0;
  }

  bytes(): Uint8Array {
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
  }
}
