/** What the bytes of a body come from; read once. */
export interface BodySource extends AsyncIterable<Uint8Array> {
  destroy(): void;
}

/**
 * A source as the body of a reply, read once: fails where it ends before (or goes on after) `length`, and can
 * be given up before its first chunk. `translate` makes the error to throw from the source's own, or from
 * undefined where it ended at the wrong place. `tooSlow` is told how long (ms) each chunk was waited for, and
 * how long it is; it may give an error to end with.
 */
export function bodyOf(
  source: BodySource,
  length: number | undefined,
  translate: (error: unknown, received: number) => Error,
  tooSlow: (waitedMs: number, bytes: number) => Error | undefined = () => undefined,
): AsyncIterable<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let received = 0;
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const asked = performance.now();
      const result = await chunks.next().catch((error: unknown) => {
        throw translate(error, received);
      });
      if (result.done !== true) received += result.value.length;
      const wrong = length !== undefined && (result.done === true ? received !== length : received > length);
      if (wrong) {
        source.destroy();
        throw translate(undefined, received);
      }
      if (result.done === true || received === length) return result;
      const slow = tooSlow(performance.now() - asked, result.value.length);
      if (slow === undefined) return result;
      source.destroy();
      throw slow;
    },
    // A generator's own return() would do nothing before the first next().
    return() {
      source.destroy();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** Lets go of a body that will not be read, with the connection or file behind it. */
export async function giveUp(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
