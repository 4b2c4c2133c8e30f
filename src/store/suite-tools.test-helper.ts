import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after } from "node:test";
import { buffer } from "node:stream/consumers";
import type { DigestAlgorithm } from "../base/digest.ts";
import type { ErrorCode } from "../base/errors.ts";
import { SluiceError } from "../base/errors.ts";
import type { Expectation, PruneStore, ReadStore } from "./contract.ts";

/** A fresh store for one test. */
export interface Opened {
  readonly store: PruneStore;
  /** Closes the store as a process that ends does, and opens it again; may be called again and again. */
  reopen(): Promise<PruneStore>;
  /** Flips a bit of the blob, behind the store's back. */
  damage(sha256: string): Promise<void>;
  cleanup(): Promise<void>;
}

export type OpenStore = () => Promise<Opened>;

/** Opens stores that are cleaned up when the suite ends. */
export function opener(open: OpenStore): OpenStore {
  const opened: Opened[] = [];
  after(async () => {
    for (const one of opened) await one.cleanup();
  });
  return async () => {
    const one = await open();
    opened.push(one);
    return one;
  };
}

export function digest(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

export function sha256(bytes: Uint8Array): string {
  return digest("sha256", bytes);
}

export function text(content: string): Buffer {
  return Buffer.from(content);
}

/** Exactly these bytes. */
export function exactly(bytes: Uint8Array): Expectation {
  return { digests: { sha256: sha256(bytes) }, size: bytes.length };
}

export function failsWith(code: ErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SluiceError, `not a SluiceError: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** A body in these chunks; then it breaks, if `breaks` is given. */
export async function* body(chunks: Iterable<Uint8Array>, breaks?: Error): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
  if (breaks !== undefined) throw breaks;
}

/** Puts blobs in a session of their own. */
export async function put(store: PruneStore, ...contents: Uint8Array[]): Promise<string[]> {
  const session = await store.begin();
  const names: string[] = [];
  for (const bytes of contents) names.push((await session.putBlob(bytes, exactly(bytes))).sha256);
  await session.end();
  return names;
}

export async function bytesOf(
  store: ReadStore,
  name: string,
  range?: { start: number; end: number },
): Promise<Buffer> {
  return buffer(await store.openBlob(name, range));
}

export async function listed(store: PruneStore): Promise<string[]> {
  const names: string[] = [];
  for await (const blob of store.listBlobs()) names.push(blob.sha256);
  return names.toSorted();
}

/** Bytes that no compressor or deduplicator likes, the same for the same seed. */
export function noise(size: number, seed = "noise"): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < size; at += 64) blocks.push(createHash("sha512").update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}
