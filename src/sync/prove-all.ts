import type { ManifestEntry } from "../snapshot/manifest.ts";
import { checkEntry, type ProofOfEntry } from "../snapshot/verify.ts";
import type { Entry } from "../upstream/contract.ts";

/** While one file is read, the signature of another is computed. */
const LANES = 4;

/** Runs the adapter's own proof of all files of a manifest, but for those that need none; the first failure stops the others, and is thrown. */
export async function proveAll(
  context: ProofOfEntry,
  entries: Iterable<Entry>,
  manifest: ReadonlyMap<string, ManifestEntry>,
  isProven: (held: ManifestEntry) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const queue = Iterator.from(entries);
  let failed: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (;;) {
      const { done, value: entry } = queue.next();
      if (done === true || failed !== undefined) return;
      try {
        signal.throwIfAborted();
        const held = manifest.get(entry.path);
        if (held !== undefined && !isProven(held)) await checkEntry(context, entry, held, manifest);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (failed !== undefined) throw failed.error;
}
