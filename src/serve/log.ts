import { sanitize, type ErrorCode } from "../base/errors.ts";
import type { Exchange } from "./exchange.ts";

/** One request, when it is over. Nothing in it can hold control characters, credentials or a query string. */
export interface AccessLine {
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
  readonly remote: string;
  readonly method: string;
  /** The path as it was asked for, still percent-encoded. */
  readonly target: string;
  readonly httpVersion: string;
  readonly status: number;
  /** Bytes of the body that were sent. */
  readonly bytes: number;
  readonly ms: number;
  readonly referer: string;
  readonly agent: string;
  /** The mirror and channel or id that answered; empty where none did. */
  readonly mirror: string;
  readonly at: string;
  /** False where the connection ended before the answer did. */
  readonly complete: boolean;
  /** Why the store could not answer. */
  readonly fault?: { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** The line of an exchange that is over; `time` in milliseconds since 1970. */
export function accessLine(exchange: Exchange, time: number, ms: number): AccessLine {
  const { request, response, mirror, at, bytes, fault } = exchange;
  return {
    time,
    remote: exchange.remote,
    method: logged(request.method),
    target: logged(request.url),
    httpVersion: request.httpVersion,
    status: response.statusCode,
    bytes,
    ms: Math.round(ms * 10) / 10,
    referer: logged(request.headers.referer),
    agent: sanitize(request.headers["user-agent"] ?? ""),
    mirror,
    at,
    complete: response.writableFinished,
    fault: fault && { code: fault.code, message: fault.message },
  };
}

/** A request's text as it may be logged: without its query, where tokens stand, and safe to print. */
export function logged(text: string | undefined): string {
  return sanitize((text ?? "").slice(0, 1000).replace(/\?.*$/s, ""));
}

/**
 * The line in the combined format that nginx and Apache write, for the tools that read it; a fault follows as
 * a last quoted field.
 */
export function combinedLine(line: AccessLine): string {
  const request = `${line.method} ${line.target} HTTP/${line.httpVersion}`;
  const fields = [
    `${line.remote || "-"} - - [${combinedTime(line.time)}]`,
    quoted(request),
    String(line.status),
    String(line.bytes),
    quoted(line.referer || "-"),
    quoted(line.agent || "-"),
  ];
  if (line.fault !== undefined) fields.push(quoted(`${line.fault.code}: ${line.fault.message}`));
  return fields.join(" ");
}

function quoted(text: string): string {
  return /["\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

let lastSecond = { second: -1, text: "" };

// The same text for all requests of a second.
function combinedTime(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond.second) lastSecond = { second, text: writeTime(new Date(time)) };
  return lastSecond.text;
}

function writeTime(date: Date): string {
  const clock = date.toISOString().slice(11, 19);
  const day = String(date.getUTCDate()).padStart(2, "0");
  return `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock} +0000`;
}
