import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { SluiceError } from "../base/errors.ts";
import { blobMissing, checkBlob, checkBlobSize } from "./checks.ts";
import type { Held, PruneStore } from "./contract.ts";
import { memorySession, setAside } from "./memory-session.ts";
import type { MemoryState } from "./memory-session.ts";
import { checkLockName, checkRefName, checkVersion, lockedError } from "./ref-names.ts";

/** The contents are open to tests, to damage them. */
export interface MemoryStore extends PruneStore {
  readonly blobs: MemoryState["blobs"];
  /** Versions by name and number. */
  readonly refs: Map<string, Map<number, Buffer>>;
}

/** A store that lives as long as the object, without trees. Closing it changes nothing. */
export function memoryStore(options: { clock?: Clock } = {}): MemoryStore {
  const { clock = systemClock } = options;
  const state: MemoryState = {
    blobs: new Map(),
    partials: new Map(),
    taken: new Set(),
    quarantine: new Set(),
    clock,
  };
  const { blobs, partials, quarantine } = state;
  const refs = new Map<string, Map<number, Buffer>>();
  const locks = new Map<string, { pid: number; who: string; since: string }>();

  function find(sha256: string): Buffer {
    const blob = blobs.get(sha256);
    if (blob === undefined) throw blobMissing(sha256);
    return blob.bytes;
  }

  return {
    blobs,
    refs,
    async statBlob(sha256) {
      const blob = blobs.get(sha256);
      return blob && { sha256, size: blob.bytes.length, modified: blob.modified };
    },
    async openBlob(sha256, range) {
      const bytes = find(sha256);
      return Readable.from([bytes.subarray(range?.start ?? 0, (range?.end ?? bytes.length) + 1)], {
        objectMode: false,
      });
    },
    async readBlob(sha256, maxSize) {
      const bytes = find(sha256);
      checkBlobSize(sha256, bytes.length, maxSize);
      return Buffer.from(checkBlob(sha256, bytes));
    },
    async listRefs(prefix) {
      return [...refs.keys()].filter((name) => name.startsWith(prefix)).toSorted();
    },
    async refVersions(name) {
      return [...(refs.get(name)?.keys() ?? [])].toSorted((a, b) => a - b);
    },
    async readRef(name, version) {
      const bytes = refs.get(name)?.get(version);
      return bytes && Buffer.from(bytes);
    },
    async createRef(name, version, bytes) {
      const versions = refs.get(checkRefName(name)) ?? new Map<number, Buffer>();
      if (versions.has(checkVersion(name, version))) return false;
      versions.set(version, Buffer.from(bytes));
      refs.set(name, versions);
      return true;
    },
    async dropRef(name) {
      refs.delete(checkRefName(name));
    },
    async begin() {
      return memorySession(state);
    },
    async lock(name, who, lockOptions = {}) {
      checkLockName(name);
      const deadline = performance.now() + (lockOptions.waitMs ?? 0);
      for (let holder = locks.get(name); holder !== undefined; holder = locks.get(name)) {
        if (performance.now() >= deadline) throw lockedError(name, holder);
        await pause(lockOptions.signal);
      }
      const note = { pid: process.pid, who, since: new Date(clock()).toISOString() };
      locks.set(name, note);
      const release = async (): Promise<void> => {
        if (locks.get(name) === note) locks.delete(name);
      };
      return { release, [Symbol.asyncDispose]: release } satisfies Held;
    },
    async freeBytes() {
      return Infinity;
    },
    async *listBlobs(after = "") {
      for (const sha256 of [...blobs.keys()].toSorted()) {
        const blob = blobs.get(sha256);
        if (blob === undefined || sha256 <= after) continue;
        yield { sha256, size: blob.bytes.length, modified: blob.modified };
      }
    },
    async deleteBlobs(sha256s) {
      for (const sha256 of sha256s) blobs.delete(sha256);
    },
    async quarantine(sha256) {
      setAside(state, sha256);
    },
    async quarantined() {
      return [...quarantine].toSorted().map((sha256) => ({ sha256, back: blobs.has(sha256) }));
    },
    async clearRepaired() {
      for (const sha256 of quarantine) if (blobs.has(sha256)) quarantine.delete(sha256);
    },
    async forgetQuarantined(sha256s) {
      for (const sha256 of sha256s) quarantine.delete(sha256);
    },
    async sweep(olderThanMs) {
      let freed = 0;
      for (const [key, { bytes, modified }] of partials)
        if (modified <= clock() - olderThanMs && partials.delete(key)) freed += bytes.length;
      return freed;
    },
    withReserve: (action) => action(),
    async close() {
      await Promise.resolve();
    },
  };
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(5, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new SluiceError("interrupted", "Stopped while waiting for a lock: run it again, it continues.", {
      cause: error,
    });
  }
}
