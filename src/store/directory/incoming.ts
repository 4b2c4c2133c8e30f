import fs from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";
import { startTally } from "../checks.ts";
import type { BlobInfo, Expectation, Incoming } from "../contract.ts";
import { createFile, figure, removeFile, writeError } from "./files.ts";
import { claimPartial, hasPartial, leavePartial, ownedPath } from "./partial.ts";
import { SMALL, isPresent, publish, writeBlob } from "./put.ts";
import type { Writing } from "./session.ts";

interface Spill {
  readonly file: string;
  readonly handle: FileHandle;
}

/**
 * A file on its way in. Up to SMALL bytes wait in memory, and go to disk when there are more of them, or when the
 * transfer breaks off and there is a key to find them by.
 */
export async function openIncoming(
  writing: Writing,
  expect: Expectation,
  resumeKey?: string,
): Promise<Incoming> {
  const { place } = writing;
  // Two at once for one key: the second one works for itself.
  const key = resumeKey === undefined || writing.keys.has(resumeKey) ? undefined : resumeKey;
  if (key !== undefined) writing.keys.add(key);
  let tally = startTally(expect);
  let spill: Spill | undefined;
  let onDisk = 0;
  let waiting: Uint8Array[] = [];
  let checked: BlobInfo | undefined;
  let broken: Error | undefined;
  let closed = false;

  async function resume(from: string): Promise<void> {
    if (!hasPartial(place.at, from)) return;
    const { session } = await writing.dirty();
    if (!claimPartial(place.at, from, session)) return;
    const file = ownedPath(place.at, from, session);
    spill = { file, handle: await open(file, "r+") };
    try {
      for await (const chunk of spill.handle.createReadStream({ autoClose: false, highWaterMark: SMALL }))
        tally.update(chunk as Buffer);
      onDisk = tally.size;
    } catch (error) {
      await forget();
      // It is longer than what is expected now.
      if (!(error instanceof SluiceError)) throw error;
    }
  }

  async function flush(): Promise<void> {
    const bytes = waiting;
    waiting = [];
    if (bytes.length === 0) return;
    if (spill === undefined) {
      const file =
        key === undefined ? place.temp("new") : ownedPath(place.at, key, (await writing.dirty()).session);
      fs.closeSync(createFile(file));
      spill = { file, handle: await open(file, "r+") };
    }
    const whole = bytes.length === 1 && bytes[0] !== undefined ? bytes[0] : Buffer.concat(bytes);
    try {
      for (let at = 0; at < whole.length;) {
        const { bytesWritten } = await spill.handle.write(whole, at, whole.length - at, onDisk);
        at += bytesWritten;
        onDisk += bytesWritten;
      }
    } catch (error) {
      // What was hashed is no longer what is held: only a reset, or the next run, may go on.
      broken = error as Error;
      throw error;
    }
  }

  async function receive(source: AsyncIterable<Uint8Array>): Promise<void> {
    if (broken !== undefined) throw broken;
    let held = 0;
    try {
      for await (const chunk of source) {
        tally.update(chunk);
        waiting.push(chunk);
        held += chunk.length;
        if (held < SMALL) continue;
        await flush();
        held = 0;
      }
    } catch (error) {
      if (error instanceof SluiceError && error.code === "too_large") await forget();
      throw error;
    } finally {
      // A whole small file stays in memory: its commit comes next.
      if (key !== undefined && (spill !== undefined || tally.size !== expect.size)) await flush();
    }
  }

  async function forget(): Promise<void> {
    const old = spill;
    spill = undefined;
    waiting = [];
    onDisk = 0;
    tally = startTally(expect);
    checked = undefined;
    broken = undefined;
    if (old === undefined) return;
    await old.handle.close();
    removeFile(old.file);
  }

  async function commit(): Promise<BlobInfo> {
    if (broken !== undefined) throw broken;
    try {
      checked ??= tally.finish();
    } catch (error) {
      await forget();
      throw error;
    }
    const info = checked;
    if (await isPresent(place, info.sha256, info.size)) {
      await forget();
    } else if (spill === undefined) {
      await writing.dirty();
      await writeBlob(place, info.sha256, Buffer.concat(waiting));
    } else {
      await flush();
      await writing.dirty();
      const { file, handle } = spill;
      spill = undefined;
      await handle.close();
      publish(place, file, info.sha256);
    }
    leave();
    return info;
  }

  async function release(): Promise<void> {
    if (closed) return;
    leave();
    // On a full disk what is there stays: a release comes after an error, and must not hide it.
    if (key !== undefined && broken === undefined) await flush().catch(() => undefined);
    if (spill === undefined) return;
    await spill.handle.close();
    if (key === undefined) removeFile(spill.file);
    else leavePartial(spill.file);
  }

  function leave(): void {
    closed = true;
    writing.open.delete(incoming);
    if (key !== undefined) writing.keys.delete(key);
  }

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    if (closed) throw new SluiceError("internal", "An incoming file was used after its end.");
    try {
      return await work();
    } catch (error) {
      throw writeError(error, place.at.root, `a file of ${figure(expect.size ?? tally.size)}`);
    }
  }

  const incoming: Incoming = {
    get have() {
      return tally.size;
    },
    append: (source) => guarded(() => receive(source)),
    reset: () => guarded(forget),
    commit: () => guarded(commit),
    release,
  };
  try {
    if (key !== undefined) await resume(key);
  } catch (error) {
    leave();
    throw error;
  }
  writing.open.add(incoming);
  return incoming;
}
