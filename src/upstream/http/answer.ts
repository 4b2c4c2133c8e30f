import { SluiceError } from "../../base/errors.ts";
import { bodyOf } from "../body.ts";
import type { FetchReply, FetchRequest } from "../contract.ts";
import type { Proxy } from "../proxy.ts";
import { parseRetryAfter } from "./backoff.ts";
import type { HttpResponse } from "./exchange.ts";
import { proxyRefused, unreachable } from "./failures.ts";
import { header, isRest, lengthOf, rangeLength, validatorsOf } from "./headers.ts";
import { show } from "./location.ts";
import { LEAST_RATE, trickleWatch } from "./trickle.ts";

/** What came of one request, redirects followed. */
export type Outcome =
  | { readonly kind: "reply"; readonly reply: FetchReply }
  /** The server cannot continue the file as asked: ask for the whole. */
  | { readonly kind: "whole" }
  /** Sent ahead of an earlier answer, and not what was hoped for: a server that mixes answers up may have meant another request. Ask again, alone. */
  | { readonly kind: "alone" }
  /** It may pass: wait, at least `retryAfter` ms, and ask again; `error` is for when no retry is left. */
  | {
      readonly kind: "later";
      readonly reason: string;
      readonly retryAfter: number;
      readonly error: SluiceError;
    };

export interface Answer {
  readonly request: FetchRequest;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly proxy: Proxy | undefined;
  readonly response: HttpResponse;
  /** How long to wait for more bytes of a body, in ms. */
  readonly patienceMs: number;
}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Judges an answer that is not a redirect. Throws `upstream_refused` for one that will not get better. */
export function judge(answer: Answer): Outcome {
  const { request, url, proxy, response } = answer;
  const status = response.statusCode;
  const offset = request.offset ?? 0;
  if (status === 200) return body(answer, 0, lengthOf(response.headers));
  if (status === 206 && offset > 0 && isRest(response.headers, offset))
    return body(answer, offset, rangeLength(response.headers));
  discard(response);
  if (response.ahead && !PASSING.has(status)) return { kind: "alone" };
  if (offset > 0 && (status === 206 || status === 416)) return { kind: "whole" };
  if (status === 304 && offset === 0 && isConditional(request))
    return { kind: "reply", reply: { status: "unchanged" } };
  if (status === 404 || status === 410) return { kind: "reply", reply: { status: "absent" } };
  if (PASSING.has(status)) {
    const reason = `answered ${String(status)}`;
    const retryAfter = parseRetryAfter(header(response.headers, "retry-after"), Date.now());
    const error = new SluiceError(
      "upstream_unreachable",
      `${show(url)} ${reason} again and again: try again later.`,
    );
    return { kind: "later", reason, retryAfter, error };
  }
  if (status === 407 && proxy !== undefined) throw proxyRefused(url, proxy, status);
  throw new SluiceError("upstream_refused", `${show(url)} ${refusal(status)}.`);
}

function body(answer: Answer, start: number, length: number | undefined): Outcome {
  const { request, url, proxy, response, patienceMs } = answer;
  const translate = (error: unknown, received: number): Error => {
    if (request.signal?.aborted === true) return request.signal.reason as Error;
    if (error instanceof SluiceError) return error;
    if (error !== undefined) return unreachable(url, proxy, error);
    const got = `${String(received)} of ${String(length)} bytes`;
    return new SluiceError("upstream_unreachable", `Cannot fetch ${show(url)}: it ended after ${got}.`);
  };
  const trickles = trickleWatch(patienceMs);
  const tooSlow = (waitedMs: number, bytes: number): Error | undefined => {
    if (!trickles(waitedMs, bytes)) return undefined;
    const rate = `${url.host} sent less than ${String(LEAST_RATE)} bytes a second for ${String(patienceMs / 1000)} s`;
    return new SluiceError("upstream_unreachable", `Cannot fetch ${show(url)}: ${rate}.`);
  };
  const reply: FetchReply = {
    status: "ok",
    // Content-Encoding is not undone: we asked for none, and a server that names one for a .gz file means the
    // file itself.
    body: bodyOf(response.body, length, translate, tooSlow),
    start,
    ahead: response.ahead,
    ...(length !== undefined && { length }),
    validators: validatorsOf(response.headers),
  };
  return { kind: "reply", reply };
}

/** Reads the rest of an unwanted answer, so that the connection serves on; a long one is cut off. */
export function discard(response: HttpResponse): void {
  response.body.discard(64 * 1024);
}

function isConditional({ validators }: FetchRequest): boolean {
  return validators?.etag !== undefined || validators?.lastModified !== undefined;
}

// 403 does not count as absent, although some vendors' storage says so of a missing file: wrong credentials
// would look like missing files.
function refusal(status: number): string {
  if (status === 401) return "wants credentials (401): give the right ones for this upstream";
  if (status === 403)
    return "refuses access (403): check URL and credentials; some vendors say this of a file that does not exist";
  return `answered ${String(status)}, which Sluice cannot use: check the URL`;
}
