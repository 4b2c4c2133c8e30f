import type { FetchRequest, Validators } from "../contract.ts";
import type { ResponseHeaders } from "./exchange.ts";

/**
 * The header lines of a request. Never a coded body: digests are those of the file. Credentials are added by
 * the hop.
 */
export function requestHeaders(request: FetchRequest, userAgent: string): Record<string, string> {
  const { offset = 0, fresh, validators } = request;
  const headers: Record<string, string> = {
    accept: "*/*",
    "accept-encoding": "identity",
    "user-agent": userAgent,
  };
  if (fresh === true) Object.assign(headers, { "cache-control": "no-cache", pragma: "no-cache" });
  const known = sendable(validators?.etag, validators?.lastModified);
  if (offset > 0) Object.assign(headers, range(offset, known));
  else if (validators !== undefined) Object.assign(headers, conditional(known));
  return headers;
}

function conditional({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag !== undefined && { "if-none-match": etag }),
    ...(lastModified !== undefined && { "if-modified-since": lastModified }),
  };
}

/** If-Range takes a strong ETag or a date (RFC 9110, 13.1.5). */
function range(offset: number, { etag, lastModified }: Validators): Record<string, string> {
  const strong = etag?.startsWith('"') === true ? etag : undefined;
  const ifRange = strong ?? lastModified;
  return { range: `bytes=${String(offset)}-`, ...(ifRange !== undefined && { "if-range": ifRange }) };
}

export function validatorsOf(headers: ResponseHeaders): Validators {
  return sendable(header(headers, "etag"), header(headers, "last-modified"));
}

/** Without what cannot be sent back byte for byte: other than printable ASCII, or endless. */
function sendable(etag: string | undefined, lastModified: string | undefined): Validators {
  const good = (text: string | undefined) => text !== undefined && /^[\x20-\x7e]{1,1000}$/.test(text);
  return { ...(good(etag) && { etag }), ...(good(lastModified) && { lastModified }) };
}

/** Content-Length, where it is a number. */
export function lengthOf(headers: ResponseHeaders): number | undefined {
  const text = header(headers, "content-length")?.trim();
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * True where a 206 brings exactly the rest of the file from `offset` on: `Content-Range: bytes
 * offset-(total-1)/total`.
 */
export function isRest(headers: ResponseHeaders, offset: number): boolean {
  const { start, end, total } = contentRange(headers);
  if (start !== offset || end === undefined || end < start) return false;
  if (total !== undefined && end !== total - 1) return false;
  return [undefined, end - start + 1].includes(lengthOf(headers));
}

/** Bytes that a 206 says it brings. */
export function rangeLength(headers: ResponseHeaders): number | undefined {
  const { start, end } = contentRange(headers);
  return start === undefined || end === undefined ? undefined : end - start + 1;
}

function contentRange(headers: ResponseHeaders): { start?: number; end?: number; total?: number } {
  const text = header(headers, "content-range") ?? "";
  const [, start, end, total] = /^\s*bytes\s+(\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)\s*$/i.exec(text) ?? [];
  if (start === undefined || end === undefined) return {};
  return { start: Number(start), end: Number(end), ...(total !== "*" && { total: Number(total) }) };
}

/** The first value of a header that should come once. */
export function header(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
