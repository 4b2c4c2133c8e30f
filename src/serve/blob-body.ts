import type { ServerResponse } from "node:http";
import { SluiceError } from "../base/errors.ts";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import type { OpenBlob, ReadStore } from "../store/contract.ts";
import type { Chunks } from "./chunks.ts";
import type { Exchange } from "./exchange.ts";
import type { ByteRange } from "./range.ts";

/** Sends bytes of an answer; false where the client has gone, which is no error. */
export type Send = (bytes: Uint8Array) => Promise<boolean>;

/**
 * The function that sends the body of an answer: it returns when the kernel has taken the bytes, whose memory may
 * then be used again. A client that does not take them within `patienceMs` is cut off.
 */
export function bodySender(exchange: Exchange, patienceMs: number): Send {
  const { response } = exchange;
  let settle: ((taken: boolean) => void) | undefined;
  response.once("close", () => settle?.(false));
  return async (bytes) => {
    if (response.destroyed) return false;
    const timer = setTimeout(() => response.destroy(), patienceMs);
    const taken = await new Promise<boolean>((resolve) => {
      settle = resolve;
      response.write(bytes, (error) => resolve(error === null || error === undefined));
    });
    clearTimeout(timer);
    if (taken) exchange.bytes += bytes.length;
    return taken;
  };
}

/** Waits until it is this answer's turn on its connection; false where the client has gone before. */
export async function itsTurn(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.socket !== null) return true;
  return new Promise((resolve) => {
    response.once("socket", () => resolve(true));
    response.once("close", () => resolve(false));
  });
}

/** A blob opened for one answer: sends parts of it. */
export interface BlobBody {
  /**
   * Sends the part. False where the client has gone. Throws blob_corrupt where the blob ends before the part does,
   * or goes on behind it.
   */
  send(send: Send, part: ByteRange): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens the blob of an entry; throws blob_missing. */
export async function openBody(
  store: ReadStore,
  entry: ManifestEntry,
  response: ServerResponse,
  chunks: Chunks,
): Promise<BlobBody> {
  if (store.openBlobFile !== undefined) {
    const file = await store.openBlobFile(entry.sha256);
    if (file.size === entry.size) return fileBody(file, entry, chunks);
    await file.close();
    throw wrongSize(entry, file.size);
  }
  return {
    send: (send, part) => sendStream(store, entry, response, send, part),
    close: async () => undefined,
  };
}

function fileBody(file: OpenBlob, entry: ManifestEntry, chunks: Chunks): BlobBody {
  return {
    async send(send, part) {
      for (let at = part.start; at <= part.end;) {
        const { bytes, release } = await chunks.read(file, at, part.end + 1 - at);
        at += bytes.length;
        const taken = bytes.length > 0 && (await send(bytes));
        // What a broken connection has not taken may still be looked at.
        release(taken);
        if (bytes.length === 0) throw wrongSize(entry, at);
        if (!taken) return false;
      }
      return true;
    },
    close: async () => file.close(),
  };
}

async function sendStream(
  store: ReadStore,
  entry: ManifestEntry,
  response: ServerResponse,
  send: Send,
  part: ByteRange,
): Promise<boolean> {
  const stream = await store.openBlob(entry.sha256, part);
  const stop = () => void stream.destroy();
  response.once("close", stop);
  let at = part.start;
  try {
    if (response.destroyed) return false;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      at += chunk.length;
      if (at > part.end + 1) throw wrongSize(entry, at);
      if (!(await send(chunk))) return false;
    }
    if (at <= part.end && !response.destroyed) throw wrongSize(entry, at);
    return !response.destroyed;
  } catch (error) {
    if (response.destroyed) return false;
    throw error;
  } finally {
    response.off("close", stop);
    stream.destroy();
  }
}

export function wrongSize(entry: ManifestEntry, size: number): SluiceError {
  return new SluiceError(
    "blob_corrupt",
    `${entry.path} (${entry.sha256}) has ${size} bytes in the store, not ${entry.size}: run \`sluice verify\`.`,
  );
}
