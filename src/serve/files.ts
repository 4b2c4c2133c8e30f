import type { OutgoingHttpHeaders } from "node:http";
import { SluiceError } from "../base/errors.ts";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import type { ReadStore } from "../store/contract.ts";
import { bodySender, itsTurn, openBody, wrongSize } from "./blob-body.ts";
import { Chunks } from "./chunks.ts";
import { judge, rangeHolds } from "./conditions.ts";
import type { Exchange } from "./exchange.ts";
import { fileHead, type FileHead, type Served } from "./file-head.ts";
import { HotCache } from "./hot-cache.ts";
import { contentRange, layOut, type Multipart } from "./multipart.ts";
import { parseRanges, type ByteRange } from "./range.ts";
import { beginBody, isHead, sendBytes, sendHead, sendStatus } from "./send.ts";

/** Up to here a file is read at once, re-hashed, and kept in memory while it is asked for. */
const SMALL_PACKAGE = 64 * 1024;
/** Roots and indices are few, and every client asks for them. */
const SMALL_METADATA = 2 ** 20;

export interface FileOptions {
  /** Memory that small files may take. */
  readonly smallBytes: number;
  /** Memory that large chunks of answers on their way may take. */
  readonly chunkBytes: number;
  /** How long a client may take for one chunk. */
  readonly patienceMs: number;
}

interface Small {
  readonly bytes: Buffer;
  readonly modified: number | undefined;
}

/** What a GET or HEAD of a file comes to, by its headers. */
type Verdict =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly parts: readonly ByteRange[] };

/**
 * Sends files of snapshots: never a byte of a blob that is not what the manifest says, and never a cut file
 * that looks whole.
 */
export class Files {
  readonly #store: ReadStore;
  readonly #options: FileOptions;
  readonly #small: HotCache<Small>;
  readonly #chunks: Chunks;
  // The heads of files that are asked for again and again, by the object that a lookup gave.
  readonly #heads = new WeakMap<Served, FileHead>();

  constructor(store: ReadStore, options: FileOptions) {
    this.#store = store;
    this.#options = options;
    this.#chunks = new Chunks(options.chunkBytes);
    this.#small = new HotCache(options.smallBytes, ({ bytes }) => bytes.length);
  }

  /**
   * Answers a GET or HEAD; at once where the file is in memory. Throws blob_missing or blob_corrupt before anything
   * was sent, or where it could not be sent to its end.
   */
  send(exchange: Exchange, file: Served): Promise<void> | void {
    const { entry } = file;
    if (entry.size > (entry.kind === "package" ? SMALL_PACKAGE : SMALL_METADATA)) {
      return this.#sendLarge(exchange, file);
    }
    const small = this.#small.peek(entry.sha256);
    if (small !== undefined) return this.#sendSmall(exchange, file, small);
    return this.#load(entry).then((loaded) => this.#sendSmall(exchange, file, loaded));
  }

  /** Forgets what is in memory of blobs that have been put into quarantine, by whatever process. */
  async forgetBad(): Promise<void> {
    for (const { sha256, back } of await this.#store.quarantined()) if (!back) this.#small.drop(sha256);
  }

  #sendSmall(exchange: Exchange, file: Served, { bytes, modified }: Small): void {
    const { entry } = file;
    if (bytes.length !== entry.size) throw wrongSize(entry, bytes.length);
    const head = this.#head(file, modified);
    const verdict = judgeRequest(exchange, head, entry.size);
    if (verdict.status === 200) return sendBytes(exchange, 200, fullHeaders(head), bytes);
    if (verdict.status !== 206) return sendWithout(exchange, verdict.status, head, entry);
    const { headers, multipart } = partialHeaders(head, verdict.parts, entry.size);
    const pieces = verdict.parts.map(({ start, end }) => bytes.subarray(start, end + 1));
    sendBytes(
      exchange,
      206,
      headers,
      multipart === undefined ? (pieces[0] ?? bytes) : join(multipart, pieces),
    );
  }

  async #sendLarge(exchange: Exchange, file: Served): Promise<void> {
    const { entry } = file;
    const head = this.#head(file, await this.#check(entry));
    const verdict = judgeRequest(exchange, head, entry.size);
    if (verdict.status === 206) {
      const { headers, multipart } = partialHeaders(head, verdict.parts, entry.size);
      return this.#stream(exchange, 206, headers, entry, verdict.parts, multipart);
    }
    if (verdict.status !== 200) return sendWithout(exchange, verdict.status, head, entry);
    const headers = { ...fullHeaders(head), "Content-Length": entry.size };
    if (isHead(exchange)) return sendHead(exchange, 200, headers);
    return this.#stream(exchange, 200, headers, entry, [{ start: 0, end: entry.size - 1 }], undefined);
  }

  async #stream(
    exchange: Exchange,
    status: number,
    headers: OutgoingHttpHeaders,
    entry: ManifestEntry,
    parts: readonly ByteRange[],
    multipart: Multipart | undefined,
  ): Promise<void> {
    const { response } = exchange;
    // Of many requests that one client sends ahead, only one has its file open.
    if (!(await itsTurn(response))) return;
    const body = await openBody(this.#store, entry, response, this.#chunks);
    try {
      if (response.destroyed) return;
      beginBody(exchange, status, headers);
      const send = bodySender(exchange, this.#options.patienceMs);
      for (const [at, part] of parts.entries()) {
        const head = multipart?.heads[at];
        if (head !== undefined && !(await send(head))) return;
        if (!(await body.send(send, part))) return;
      }
      if (multipart === undefined || (await send(multipart.tail))) response.end();
    } finally {
      await body.close();
    }
  }

  #head(file: Served, modified: number | undefined): FileHead {
    const known = this.#heads.get(file);
    if (known !== undefined) return known;
    const head = fileHead(file, modified);
    this.#heads.set(file, head);
    return head;
  }

  /** A small file, re-hashed by the store. */
  async #load({ sha256, size }: ManifestEntry): Promise<Small> {
    return this.#small.get(sha256, async () => {
      const [bytes, blob] = await Promise.all([
        this.#store.readBlob(sha256, Math.max(size, SMALL_METADATA)),
        this.#store.statBlob(sha256),
      ]);
      return { bytes, modified: blob?.modified };
    });
  }

  /** When the blob of a large file was written; throws where it is not there or has another size. */
  async #check(entry: ManifestEntry): Promise<number | undefined> {
    const blob = await this.#store.statBlob(entry.sha256);
    if (blob === undefined) {
      throw new SluiceError(
        "blob_missing",
        `${entry.path} (${entry.sha256}) is not in the store: run \`sluice verify\`.`,
      );
    }
    if (blob.size !== entry.size) throw wrongSize(entry, blob.size);
    return blob.modified;
  }
}

function judgeRequest(exchange: Exchange, head: FileHead, size: number): Verdict {
  const { headers } = exchange.request;
  const verdict = judge(headers, head);
  if (verdict === "failed") return { status: 412 };
  if (verdict === "not-modified") return { status: 304 };
  // Range is defined for GET alone (RFC 9110 14.2).
  if (headers.range === undefined || isHead(exchange) || !rangeHolds(headers, head)) return { status: 200 };
  const ranges = parseRanges(headers.range, size);
  if (ranges === "whole") return { status: 200 };
  return ranges === "unsatisfiable" ? { status: 416 } : { status: 206, parts: ranges };
}

function fullHeaders(head: FileHead): OutgoingHttpHeaders {
  return {
    "Content-Type": head.contentType,
    "Accept-Ranges": "bytes",
    ETag: head.etag,
    "Last-Modified": head.lastModified,
    "Cache-Control": head.cacheControl,
  };
}

function partialHeaders(
  head: FileHead,
  parts: readonly ByteRange[],
  size: number,
): { headers: OutgoingHttpHeaders; multipart: Multipart | undefined } {
  const headers = fullHeaders(head);
  const [only, second] = parts;
  if (only !== undefined && second === undefined) {
    headers["Content-Range"] = contentRange(only, size);
    headers["Content-Length"] = only.end - only.start + 1;
    return { headers, multipart: undefined };
  }
  const multipart = layOut(head.contentType, parts, size);
  headers["Content-Type"] = multipart.contentType;
  headers["Content-Length"] = multipart.length;
  return { headers, multipart };
}

function join({ heads, tail }: Multipart, pieces: readonly Buffer[]): Buffer {
  return Buffer.concat([...pieces.flatMap((piece, at) => [heads[at] ?? tail, piece]), tail]);
}

/** An answer that has nothing of the file: 304 with its validators, 412, or 416 with its size. */
function sendWithout(
  exchange: Exchange,
  status: 304 | 412 | 416,
  head: FileHead,
  { size }: ManifestEntry,
): void {
  if (status === 412) return sendStatus(exchange, 412);
  if (status === 416) return sendStatus(exchange, 416, { "Content-Range": `bytes */${size}` });
  const { etag, lastModified, cacheControl } = head;
  sendHead(exchange, 304, { ETag: etag, "Last-Modified": lastModified, "Cache-Control": cacheControl });
}
