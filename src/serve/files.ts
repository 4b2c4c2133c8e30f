import type { OutgoingHttpHeaders } from "node:http";
import { Transform } from "node:stream";
import { SluiceError } from "../base/errors.ts";
import { snapshotTime } from "../base/names.ts";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { WeightedCache } from "./cache.ts";
import { judge, rangeHolds } from "./conditions.ts";
import { noteFault, type Exchange } from "./exchange.ts";
import { cacheControl, contentType, namesContent } from "./kinds.ts";
import { parseRange, type ByteRange } from "./range.ts";
import { isHead, sendBytes, sendHead, sendStatus, sendStream } from "./send.ts";

/** Up to here a file is read at once, re-hashed, and kept in memory while it is asked for. */
const SMALL = 64 * 1024;
const SMALL_BYTES = 64 * 2 ** 20;

/**
 * A file to be sent: the entry, the snapshot that it was found in, and whether its URL can ever mean another.
 */
export interface ServedFile {
  readonly entry: ManifestEntry;
  readonly snapshot: Snapshot;
  readonly fixed: boolean;
}

interface Small {
  readonly bytes: Buffer;
  readonly modified: number | undefined;
}

/**
 * Sends files of snapshots: never a byte of a blob that is not what the manifest says, and never a cut file
 * that looks whole.
 */
export class Files {
  readonly #store: ReadStore;
  readonly #small = new WeightedCache<Small>(SMALL_BYTES, ({ bytes }) => bytes.length);

  constructor(store: ReadStore) {
    this.#store = store;
  }

  /** Answers a GET or HEAD; throws blob_missing or blob_corrupt before anything was sent. */
  async send(exchange: Exchange, file: ServedFile): Promise<void> {
    const { entry } = file;
    const { bytes, modified } = entry.size <= SMALL ? await this.#whole(entry) : await this.#checked(entry);
    const headers = fileHeaders(file, modified);
    const asked = exchange.request.headers;
    const verdict = judge(asked, { etag: headers.ETag, lastModified: headers["Last-Modified"] });
    if (verdict === "failed") return sendStatus(exchange, 412);
    if (verdict === "not-modified") {
      const { "Content-Type": _type, "Accept-Ranges": _ranges, ...kept } = headers;
      return sendHead(exchange, 304, kept);
    }
    const range = wantedRange(exchange, headers, entry.size);
    if (range === "unsatisfiable") {
      return sendStatus(exchange, 416, { "Content-Range": `bytes */${entry.size}` });
    }
    const part = range ?? { start: 0, end: entry.size - 1 };
    const status = range === undefined ? 200 : 206;
    const all: OutgoingHttpHeaders = { ...headers };
    if (range !== undefined) all["Content-Range"] = `bytes ${part.start}-${part.end}/${entry.size}`;
    if (bytes !== undefined)
      return sendBytes(exchange, status, all, bytes.subarray(part.start, part.end + 1));
    all["Content-Length"] = part.end - part.start + 1;
    if (isHead(exchange)) return sendHead(exchange, status, all);
    await this.#stream(exchange, entry, part, status, all);
  }

  /** A small file, re-hashed by the store. */
  async #whole(entry: ManifestEntry): Promise<Small> {
    const { sha256 } = entry;
    const small = await this.#small.get(sha256, async () => {
      const [bytes, blob] = await Promise.all([
        this.#store.readBlob(sha256, SMALL),
        this.#store.statBlob(sha256),
      ]);
      return { bytes, modified: blob?.modified };
    });
    if (small.bytes.length !== entry.size) throw wrongSize(entry, small.bytes.length);
    return small;
  }

  async #checked(entry: ManifestEntry): Promise<{ modified: number | undefined; bytes: undefined }> {
    const blob = await this.#store.statBlob(entry.sha256);
    if (blob === undefined) {
      throw new SluiceError(
        "blob_missing",
        `${entry.path} (${entry.sha256}) is not in the store: run \`sluice verify\`.`,
      );
    }
    if (blob.size !== entry.size) throw wrongSize(entry, blob.size);
    return { modified: blob.modified, bytes: undefined };
  }

  async #stream(
    exchange: Exchange,
    entry: ManifestEntry,
    part: ByteRange,
    status: number,
    headers: OutgoingHttpHeaders,
  ): Promise<void> {
    const blob = await this.#store.openBlob(entry.sha256, part);
    await sendStream(exchange, status, headers, [blob, exactly(exchange, part, entry)]);
  }
}

/** Headers of the file, whole or in part, for 200, 206 and (less those of the body) 304. */
function fileHeaders({ entry, snapshot, fixed }: ServedFile, modified: number | undefined) {
  // What stays the same from snapshot to snapshot keeps its date too: apt resumes a download by If-Range with
  // it, also after a promote.
  const lasting = entry.kind === "package" || (entry.kind !== "root" && namesContent(entry));
  const time = (lasting ? modified : undefined) ?? snapshotTime(snapshot.body.id);
  return {
    "Content-Type": contentType(entry.path),
    "Accept-Ranges": "bytes",
    ETag: `"${entry.sha256}"`,
    "Last-Modified": new Date(time).toUTCString(),
    "Cache-Control": cacheControl(entry, fixed),
  };
}

function wantedRange(
  exchange: Exchange,
  now: { ETag: string; "Last-Modified": string },
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const { headers } = exchange.request;
  if (isHead(exchange)) return undefined;
  if (!rangeHolds(headers, { etag: now.ETag, lastModified: now["Last-Modified"] })) return undefined;
  const range = parseRange(headers.range, size);
  return range === "whole" ? undefined : range;
}

/**
 * Counts what passes; an end before the last byte is an error, so that the connection is cut and no client
 * takes the part for the whole.
 */
function exactly(exchange: Exchange, part: ByteRange, entry: ManifestEntry): Transform {
  const length = part.end - part.start + 1;
  const fault = () => {
    const error = wrongSize(entry, part.start + exchange.bytes);
    noteFault(exchange, error);
    return error;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      exchange.bytes += chunk.length;
      if (exchange.bytes > length) pass(fault());
      else pass(null, chunk);
    },
    flush(pass) {
      pass(exchange.bytes === length ? null : fault());
    },
  });
}

function wrongSize(entry: ManifestEntry, size: number): SluiceError {
  return new SluiceError(
    "blob_corrupt",
    `${entry.path} (${entry.sha256}) has ${size} bytes in the store, not ${entry.size}: run \`sluice verify\`.`,
  );
}
