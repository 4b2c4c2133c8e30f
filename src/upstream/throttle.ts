import type { Bucket } from "./bucket.ts";
import type { Transport } from "./contract.ts";

/** The transport, its bodies no faster than each of the buckets lets them. */
export function throttled(transport: Transport, buckets: readonly Bucket[]): Transport {
  if (buckets.length === 0) return transport;
  return {
    name: transport.name,
    get requests() {
      return transport.requests;
    },
    async fetch(request) {
      const reply = await transport.fetch(request);
      if (reply.status !== "ok") return reply;
      return { ...reply, body: throttle(reply.body, buckets, request.signal) };
    },
    distrust: async (from) => transport.distrust?.(from),
    close: () => transport.close(),
  };
}

/** A body in pieces that pass all buckets, in their order. The source waits meanwhile, and with it the upstream. */
export function throttle(
  body: AsyncIterable<Uint8Array>,
  buckets: readonly Bucket[],
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  let rest: Uint8Array | undefined;
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      if (rest === undefined) {
        const result = await source.next();
        if (result.done === true) return result;
        rest = result.value;
      }
      const size = Math.min(rest.length, ...buckets.map((bucket) => bucket.quantum()));
      const piece = rest.subarray(0, size);
      rest = size < rest.length ? rest.subarray(size) : undefined;
      try {
        for (const bucket of buckets) await bucket.take(size, signal);
      } catch (error) {
        await source.return?.();
        throw error;
      }
      return { done: false, value: piece };
    },
    // A generator's own return() would do nothing before the first next().
    async return() {
      rest = undefined;
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
