import type { Emit } from "../base/events.ts";
import { SluiceError, asSluiceError } from "../base/errors.ts";
import { giveUp } from "./body.ts";
import { fileName } from "./file-name.ts";
import { WatchedBody } from "./watched-body.ts";
import type { FetchReply, Transport, Validators } from "./contract.ts";

/**
 * Where a download goes. The bytes received before an error are kept; `append` throws `too_large` past what
 * it expects.
 */
export interface Sink {
  readonly have: number;
  append(body: AsyncIterable<Uint8Array>): Promise<void>;
  reset(): Promise<void>;
}

export interface DownloadOptions {
  /**
   * Exact size as signed. Without it, nothing vouches for the bytes until the end: they are never mixed from
   * two sources.
   */
  readonly size?: number | undefined;
  readonly maxSize?: number | undefined;
  /** Times that one source is asked for one file; what the transport repeats by itself does not count. */
  readonly attempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: Emit | undefined;
  readonly fresh?: boolean | undefined;
  /** The source to ask first. */
  readonly prefer?: Transport | undefined;
  /** With nothing else on its connection. */
  readonly alone?: boolean | undefined;
}

export type Downloaded =
  | {
      readonly status: "done";
      readonly transport: Transport;
      readonly validators: Validators;
      /** Some of it was asked for ahead of another answer on its connection: see FetchReply. */
      readonly ahead?: true;
    }
  | { readonly status: "absent" };

type Ok = Extract<FetchReply, { status: "ok" }>;

/** What one request to one source came to; the sink holds what it brought. */
type Step =
  | { readonly kind: "done"; readonly validators: Validators; readonly ahead?: true }
  | { readonly kind: "absent" }
  /** Ask this source again, from where the sink stands. */
  | {
      readonly kind: "again";
      readonly error: SluiceError;
      readonly validators: Validators | undefined;
      /** What came was sent ahead, and may have been meant for another request: to be asked for alone. */
      readonly mixedUp?: boolean;
    }
  /** This source cannot give the file. */
  | { readonly kind: "failed"; readonly error: SluiceError };

const DOWNLOAD_ATTEMPTS = 4;

/**
 * Fills the sink with one file from the first source that can give it. A body that breaks off is continued
 * where it stopped; a source that ignores the range, or whose file has changed since, starts over; one that
 * fails, or offers another size, gives way to the next. Absent only if every source says so; otherwise the
 * first error is thrown. Digests are the sink's affair. An abort throws the signal's reason.
 */
export async function download(
  sources: readonly Transport[],
  from: string,
  sink: Sink,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const { size, prefer } = options;
  const order = prefer === undefined ? sources : [prefer, ...sources.filter((source) => source !== prefer)];
  const [first] = order;
  if (first === undefined) throw new SluiceError("internal", `No source for ${from}.`);
  if (size !== undefined && sink.have === size) return { status: "done", transport: first, validators: {} };
  if (sink.have > (size ?? options.maxSize ?? Infinity)) await sink.reset();

  const failures: SluiceError[] = [];
  for (const source of order) {
    // Bytes that no size vouches for may be another version's.
    if (size === undefined && source !== first) await sink.reset();
    const step = await fromSource(source, from, sink, options);
    if (step.kind === "done") {
      const { kind: _, ...came } = step;
      return { status: "done", transport: source, ...came };
    }
    if (step.kind === "absent") continue;
    failures.push(step.error);
    const { code, message } = step.error;
    if (source !== order.at(-1)) options.emit?.({ event: "warning", code, message });
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return { status: "absent" };
}

async function fromSource(
  source: Transport,
  from: string,
  sink: Sink,
  options: DownloadOptions,
): Promise<Exclude<Step, { kind: "again" }>> {
  const attempts = options.attempts ?? DOWNLOAD_ATTEMPTS;
  let asked: DownloadOptions & { validators?: Validators | undefined } = options;
  let mixedUp = false;
  for (let attempt = 1; ; attempt++) {
    const step = await once(source, from, sink, asked);
    if (step.kind === "done" && mixedUp) await source.distrust?.(from);
    if (step.kind !== "again") return step;
    mixedUp ||= step.mixedUp === true;
    if (attempt >= attempts) return { kind: "failed", error: step.error };
    asked = { ...options, validators: step.validators, alone: mixedUp || options.alone };
    const event = { url: fileName(source, from), attempt, waitMs: 0, reason: step.error.message };
    options.emit?.({ event: "retry", ...event });
  }
}

async function once(
  source: Transport,
  from: string,
  sink: Sink,
  options: DownloadOptions & { validators?: Validators | undefined },
): Promise<Step> {
  const { signal, fresh, validators, alone } = options;
  const offset = sink.have;
  const size = options.size === undefined ? undefined : options.size - offset;
  // Without an offset, validators would ask whether the file has changed.
  const condition = offset > 0 ? { offset, validators } : {};
  let reply: FetchReply;
  try {
    reply = await source.fetch({ from, fresh, signal, size, alone, ...condition });
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: "failed", error: asSluiceError(error) };
  }
  if (reply.status !== "ok") return { kind: "absent" };

  const name = (): string => fileName(source, from);
  const misfit = sizeFault(reply, options, name);
  const changed =
    reply.start > 0 && validators !== undefined && !sameValidators(validators, reply.validators);
  if (misfit !== undefined || changed || (reply.start !== 0 && reply.start !== offset)) {
    await giveUp(reply.body);
    await sink.reset();
    if (misfit !== undefined && reply.ahead === true)
      return { kind: "again", error: misfit, validators: undefined, mixedUp: true };
    if (misfit !== undefined) return { kind: "failed", error: misfit };
    const error = new SluiceError(
      "upstream_unreachable",
      `${name()} changed while it was fetched: starting over.`,
    );
    return { kind: "again", error, validators: undefined };
  }
  if (reply.start !== offset) await sink.reset();
  return await receive(reply, sink, options, name);
}

async function receive(reply: Ok, sink: Sink, options: DownloadOptions, name: () => string): Promise<Step> {
  const { signal, size } = options;
  const { validators, ahead } = reply;
  const watched = new WatchedBody(reply.body);
  try {
    await sink.append(watched);
  } catch (error) {
    signal?.throwIfAborted();
    if (watched.broken) return { kind: "again", error: asSluiceError(error), validators };
    // The sink may have failed before it began to read.
    await watched.return();
    if (!(error instanceof SluiceError && error.code === "too_large")) throw error;
    await sink.reset();
    return { kind: "failed", error };
  }
  if (size === undefined || sink.have === size)
    return { kind: "done", validators, ...(ahead && { ahead: true }) };
  // Only a body of unknown length can end at the wrong place without an error: the connection may just have
  // closed.
  const error = wrongSize(name(), sink.have, size);
  if (sink.have > size) {
    await sink.reset();
    return { kind: "failed", error };
  }
  return { kind: "again", error, validators };
}

/** The error where the server itself announces another size than the file has, or may have. */
function sizeFault(reply: Ok, options: DownloadOptions, name: () => string): SluiceError | undefined {
  if (reply.length === undefined) return undefined;
  const total = reply.start + reply.length;
  const { size, maxSize } = options;
  if (size !== undefined) return total === size ? undefined : wrongSize(name(), total, size);
  if (maxSize === undefined || total <= maxSize) return undefined;
  return new SluiceError(
    "too_large",
    `${name()} has ${String(total)} bytes, more than the ${String(maxSize)} allowed.`,
  );
}

function wrongSize(name: string, total: number, size: number): SluiceError {
  const what = `${name} has ${String(total)} bytes where ${String(size)} were signed`;
  return new SluiceError(total > size ? "too_large" : "digest_mismatch", `${what}: refused.`);
}

function sameValidators(a: Validators, b: Validators): boolean {
  return a.etag === b.etag && a.lastModified === b.lastModified;
}
