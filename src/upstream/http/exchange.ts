import type { Dispatcher } from "undici";

export type ResponseHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

/** An answer, its body still to come; it must be read to its end, or destroyed. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: ResponseHeaders;
  /** True where the request was sent before an earlier one on the same connection was answered. */
  readonly ahead: boolean;
  readonly body: ResponseBody;
}

export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** Lets go of it, and of the connection with it where more is to come. */
  destroy(): void;
  /** Reads the rest for nothing, so that the connection serves on; destroys it where there are more bytes than that. */
  discard(limit: number): void;
}

/** What happens to one request, for the lane that it is on. */
export interface ExchangeWatch {
  /** It is written to a connection: again, after one that broke. */
  sent(): void;
  started(headers: ResponseHeaders): void;
  /** It is given up by ourselves, and its connection with it. */
  aborted(): void;
  /** It will take nothing more from the connection: its answer is whole, or `error` ended it. */
  ended(error: Error | undefined): void;
}

/** Bytes of a body that wait for their reader until the connection must wait too. */
const MOST_WAITING = 64 * 1024;

/**
 * One GET on its way, as undici sees it. A stream of Node's for each of thousands of small answers would cost more than all else: here a body is a row of
 * chunks and at most one reader that waits.
 */
export class Exchange implements Dispatcher.DispatchHandler, ResponseBody {
  readonly answer: Promise<HttpResponse>;
  readonly #ahead: boolean;
  readonly #watch: ExchangeWatch;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #chunks: Uint8Array[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #waiting = 0;
  #taken = 0;
  #wake: (() => void) | undefined;
  #over = false;
  #error: Error | undefined;
  #unwantedLeft: number | undefined;
  #onOver: (() => void) | undefined;

  constructor(ahead: boolean, watch: ExchangeWatch) {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    this.answer = promise;
    this.#ahead = ahead;
    this.#watch = watch;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Called when nothing more comes, whatever the reason. */
  onOver(action: () => void): void {
    if (this.#over) action();
    else this.#onOver = action;
  }

  /** Ends it, wherever it is; its reader, or who waits for the answer, gets the reason. */
  abort(reason: Error): void {
    if (this.#over) return;
    this.#watch.aborted();
    if (this.#controller === undefined) this.#finish(reason);
    else this.#controller.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) return controller.abort(this.#error ?? new Error("given up"));
    this.#watch.sent();
  }

  onResponseStart(_: unknown, statusCode: number, headers: ResponseHeaders): void {
    if (statusCode < 200) return;
    this.#watch.started(headers);
    this.#resolve({ statusCode, headers, ahead: this.#ahead, body: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#unwantedLeft !== undefined) {
      this.#unwantedLeft -= chunk.length;
      if (this.#unwantedLeft < 0) this.abort(new Error("more than is worth reading"));
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= MOST_WAITING && !controller.paused) controller.pause();
    this.#call();
  }

  onResponseEnd(): void {
    this.#finish(undefined);
  }

  onResponseError(_: unknown, error: Error): void {
    this.#finish(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: async () => await this.#next() };
  }

  destroy(): void {
    this.#drop();
    this.abort(new Error("given up"));
  }

  discard(limit: number): void {
    const had = this.#drop();
    if (had > limit) return this.destroy();
    this.#unwantedLeft = limit - had;
    if (this.#controller?.paused === true) this.#controller.resume();
  }

  #drop(): number {
    const had = this.#waiting;
    this.#chunks.length = 0;
    this.#taken = 0;
    this.#waiting = 0;
    return had;
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks[this.#taken];
      if (chunk !== undefined) {
        if (++this.#taken === this.#chunks.length) this.#chunks.length = this.#taken = 0;
        this.#waiting -= chunk.length;
        if (this.#waiting < MOST_WAITING && this.#controller?.paused === true) this.#controller.resume();
        return { done: false, value: chunk };
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#over) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #finish(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#onOver?.();
    this.#watch.ended(error);
    if (error !== undefined) this.#reject(error);
    this.#call();
  }

  #call(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
