import type { IncomingHttpHeaders } from "node:http";

/** What a file is now: its strong ETag, quotes included, and its Last-Modified line. */
export interface Validators {
  readonly etag: string;
  readonly lastModified: string;
}

/**
 * Judges the preconditions of a GET or HEAD in the order of RFC 9110 13.2.2. Dates are compared for equality
 * and never as times: a channel may move back, and a client that asks "newer than mine?" would then never see
 * it.
 */
export function judge(headers: IncomingHttpHeaders, now: Validators): "proceed" | "not-modified" | "failed" {
  const ifMatch = headers["if-match"];
  const unmodified = headers["if-unmodified-since"];
  if (ifMatch !== undefined) {
    if (!listsTag(ifMatch, now.etag, false)) return "failed";
  } else if (unmodified !== undefined && unmodified.trim() !== now.lastModified) return "failed";
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined) return listsTag(noneMatch, now.etag, true) ? "not-modified" : "proceed";
  return headers["if-modified-since"]?.trim() === now.lastModified ? "not-modified" : "proceed";
}

/**
 * True where a Range header may be honoured: there is no If-Range, or it names exactly what the file is now.
 */
export function rangeHolds(headers: IncomingHttpHeaders, now: Validators): boolean {
  const ifRange = headers["if-range"];
  return ifRange === undefined || ifRange === now.etag || ifRange === now.lastModified;
}

function listsTag(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === "*") return true;
  for (const [, mark, tag] of header.matchAll(/(W\/)?("[^"]*")/g)) {
    if (tag === etag && (weak || mark === undefined)) return true;
  }
  return false;
}
