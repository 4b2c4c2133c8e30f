import type { Clock } from "../base/clock.ts";
import { SluiceError } from "../base/errors.ts";
import { startTally } from "./checks.ts";
import type { BlobInfo, Expectation, Incoming, WriteSession } from "./contract.ts";

interface Held {
  readonly bytes: Buffer;
  readonly modified: number;
}

export interface MemoryState {
  readonly blobs: Map<string, Held>;
  /** What was received of files that were not finished, by resume key. */
  readonly partials: Map<string, Held>;
  /** Keys that somebody works on. */
  readonly taken: Set<string>;
  readonly quarantine: Set<string>;
  readonly clock: Clock;
}

export function memorySession(state: MemoryState): WriteSession {
  const open = new Set<Incoming>();
  let ended = false;
  const checkOpen = (): void => {
    if (ended) throw new SluiceError("internal", "A write session was used after its end.");
  };
  return {
    async putBlob(bytes, expect) {
      checkOpen();
      const tally = startTally(expect);
      tally.update(bytes);
      const info = tally.finish();
      const there = state.blobs.get(info.sha256);
      if (there?.bytes.equals(bytes) === false) setAside(state, info.sha256);
      return keep(state, info, Buffer.from(bytes));
    },
    async incoming(expect, resumeKey) {
      checkOpen();
      const incoming = memoryIncoming(state, expect, resumeKey, () => open.delete(incoming));
      open.add(incoming);
      return incoming;
    },
    async barrier() {
      checkOpen();
    },
    async end() {
      for (const incoming of open) await incoming.release();
      ended = true;
    },
  };
}

/** Puts a blob into quarantine. */
export function setAside(state: MemoryState, sha256: string): void {
  state.blobs.delete(sha256);
  state.quarantine.add(sha256);
}

function keep(state: MemoryState, info: BlobInfo, bytes: Buffer): BlobInfo {
  if (state.blobs.get(info.sha256)?.bytes.length !== info.size)
    state.blobs.set(info.sha256, { bytes, modified: state.clock() });
  return info;
}

function memoryIncoming(
  state: MemoryState,
  expect: Expectation,
  resumeKey: string | undefined,
  left: () => void,
): Incoming {
  const key = resumeKey === undefined || state.taken.has(resumeKey) ? undefined : resumeKey;
  let tally = startTally(expect);
  let bytes: Uint8Array[] = [];
  let closed = false;
  if (key !== undefined) {
    state.taken.add(key);
    const before = state.partials.get(key)?.bytes;
    if (before !== undefined)
      try {
        receive(before);
      } catch {
        // It is longer than what is expected now.
        forget();
      }
  }

  function receive(chunk: Uint8Array): void {
    tally.update(chunk);
    bytes.push(Buffer.from(chunk));
  }

  function forget(): void {
    tally = startTally(expect);
    bytes = [];
    if (key !== undefined) state.partials.delete(key);
  }

  function leave(): void {
    closed = true;
    if (key !== undefined) state.taken.delete(key);
    left();
  }

  function checkOpen(): void {
    if (closed) throw new SluiceError("internal", "An incoming file was used after its end.");
  }

  return {
    get have() {
      return tally.size;
    },
    async append(source) {
      checkOpen();
      for await (const chunk of source)
        try {
          receive(chunk);
        } catch (error) {
          forget();
          throw error;
        }
    },
    async reset() {
      checkOpen();
      forget();
    },
    async commit() {
      checkOpen();
      let info: BlobInfo;
      try {
        info = tally.finish();
      } catch (error) {
        forget();
        throw error;
      }
      keep(state, info, Buffer.concat(bytes));
      forget();
      leave();
      return info;
    },
    async release() {
      if (closed) return;
      leave();
      if (key !== undefined && bytes.length > 0)
        state.partials.set(key, { bytes: Buffer.concat(bytes), modified: state.clock() });
    },
  };
}
