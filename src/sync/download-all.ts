import { SluiceError } from "../base/errors.ts";
import type { BlobInfo } from "../store/contract.ts";
import { Moved, type Entry } from "../upstream/contract.ts";
import { contentKey, fetchEntry, type Fetching } from "./fetch.ts";

/**
 * Fetches files, `parallel` at a time, each proven as it arrives; puts the blobs into `found` by content key. The first failure stops the others. A file
 * that is nowhere throws Moved: its index may be outdated. Gives the content keys of those that are nowhere and that `mayMiss` lets go.
 */
export async function fetchAll(
  fetching: Fetching,
  missing: readonly Entry[],
  parallel: number,
  found: Map<string, BlobInfo>,
  mayMiss: (entry: Entry) => boolean,
): Promise<ReadonlySet<string>> {
  const lost = new Set<string>();
  const stop = new AbortController();
  const signal = AbortSignal.any([fetching.signal, stop.signal]);
  const queue = missing.values();
  let failed: unknown;
  const worker = async (): Promise<void> => {
    for (const entry of queue) {
      if (signal.aborted) return;
      try {
        const blob = await fetchEntry({ ...fetching, signal }, entry);
        if (blob !== undefined) found.set(contentKey(entry), blob);
        else if (mayMiss(entry)) lost.add(contentKey(entry));
        else throw new Moved(absent(fetching, entry));
      } catch (error) {
        if (!stop.signal.aborted) failed = error;
        stop.abort();
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  fetching.signal.throwIfAborted();
  if (failed !== undefined) throw failed;
  return lost;
}

function absent(fetching: Fetching, entry: Entry): SluiceError {
  const lenient =
    entry.kind === "package" ? ", or say `allow-missing: true` to do without what no upstream has" : "";
  const where = fetching.sources.map((source) => source.name).join(", ");
  return new SluiceError(
    "file_missing",
    `'${entry.path}' is listed, but not at ${where}: the upstream is incomplete or being updated; try again later, or list another upstream beside it${lenient}.`,
  );
}
