import type { WriteSession } from "../store/contract.ts";
import type { AskedSource } from "./contract.ts";

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Called after each blob with its size. */
  onBlob(bytes: number): void;
}

/** Brings the wanted blobs (sizes by SHA-256), several at a time; gives those that the source does not have. The first that fails otherwise stops the rest. */
export async function askBlobs(
  from: AskedSource,
  session: WriteSession,
  wanted: ReadonlyMap<string, number>,
  { signal, onBlob }: SendOptions,
): Promise<Map<string, number>> {
  const lacking = new Map(wanted);
  const stop = new AbortController();
  const stopping = AbortSignal.any([signal, stop.signal]);
  const queue = wanted.entries();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (const [sha256, size] of queue) {
      if (stopping.aborted) return;
      try {
        if (!(await from.fetch(session, sha256, size, stopping))) continue;
        lacking.delete(sha256);
        onBlob(size);
      } catch (error) {
        // Those that end because of the first say nothing new.
        if (!stop.signal.aborted) failures.push(error);
        stop.abort();
      }
    }
  };
  // All have ended before the session does.
  await Promise.all(Array.from({ length: Math.min(from.lanes, wanted.size) }, lane));
  signal.throwIfAborted();
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return lacking;
}
