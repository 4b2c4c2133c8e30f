import type { OutgoingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { STATUS_CODES } from "node:http";
import type { Exchange } from "./exchange.ts";

/** Goes with every answer: nothing that is served here may act as a page of this host, listings apart. */
const SAFE_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; sandbox",
} as const;

export function isHead(exchange: Exchange): boolean {
  return exchange.request.method === "HEAD";
}

/** Sends a whole body at hand. */
export function sendBytes(
  exchange: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Uint8Array,
): void {
  const head = isHead(exchange);
  exchange.response.writeHead(status, { ...SAFE_HEADERS, ...headers, "Content-Length": body.length });
  exchange.bytes = head ? 0 : body.length;
  exchange.response.end(head ? undefined : body);
}

/** A short plain answer about the request itself; never kept by a cache. */
export function sendStatus(exchange: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  const plain = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };
  const body = Buffer.from(`${status} ${STATUS_CODES[status] ?? ""}\n`);
  sendBytes(exchange, status, { ...plain, ...headers }, body);
}

/** Headers only: 304, or the answer to HEAD. */
export function sendHead(exchange: Exchange, status: number, headers: OutgoingHttpHeaders): void {
  exchange.response.writeHead(status, { ...SAFE_HEADERS, ...headers });
  exchange.response.end();
}

/** Sends the headers of an answer whose body follows by hand. */
export function beginBody(exchange: Exchange, status: number, headers: OutgoingHttpHeaders): void {
  exchange.response.writeHead(status, { ...SAFE_HEADERS, ...headers });
}

/** A page made while it is sent, as fast as the client takes it. */
export async function sendPage(exchange: Exchange, csp: string, page: Iterable<string>): Promise<void> {
  const headers = {
    "Content-Security-Policy": csp,
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
  };
  if (isHead(exchange)) return sendHead(exchange, 200, headers);
  const { response } = exchange;
  // The client has gone already: a pipeline into its response would never end.
  if (response.destroyed) return;
  beginBody(exchange, 200, headers);
  await pipeline(Readable.from(counted(exchange, page)), response);
}

const CHUNK = 32 * 1024;

function* counted(exchange: Exchange, page: Iterable<string>): Generator<Buffer> {
  let text = "";
  const flush = () => {
    const bytes = Buffer.from(text);
    text = "";
    exchange.bytes += bytes.length;
    return bytes;
  };
  for (const part of page) {
    text += part;
    if (text.length >= CHUNK) yield flush();
  }
  if (text !== "") yield flush();
}
