import { SluiceError } from "../base/errors.ts";
import { readIdentityRow } from "../channel/identity-row.ts";
import { blobState } from "../snapshot/blob-state.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { ReadStore } from "../store/contract.ts";
import { loadCargo } from "./cargo.ts";
import type { Source } from "./contract.ts";
import { proveRecords } from "./sender.ts";

/** Reads all that a store shows, to the last byte: a sentence for each record or file that is missing or not as it was written. */
export async function checkShown(
  source: Pick<Source, "store" | "name">,
  signal: AbortSignal,
): Promise<string[]> {
  const { store, name } = source;
  const faults: string[] = [];
  const blobs = new Map<string, number | undefined>();
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      faults.push(error.message);
    }
  };
  await attempt(async () => {
    const row = await readIdentityRow(store);
    if (row === undefined) throw new SluiceError("identity_bad", `In ${name} there are no keys of a site.`);
    const cargo = await loadCargo(store, row.id, {}, { partial: true });
    await attempt(async () => proveRecords(source, row, cargo));
    for (const { mirror, id, manifest, keyrings } of cargo.snapshots) {
      for (const sha256 of keyrings) blobs.set(sha256, undefined);
      await attempt(async () => {
        const entries = await readManifest(store, manifest, `${mirror}@${id}`);
        for (const { sha256, size } of entries) blobs.set(sha256, size);
      });
    }
  });
  faults.push(...(await badBlobs(store, name, blobs, signal)));
  return faults;
}

async function badBlobs(
  store: ReadStore,
  name: string,
  blobs: ReadonlyMap<string, number | undefined>,
  signal: AbortSignal,
): Promise<string[]> {
  const faults: string[] = [];
  for (const [sha256, size] of blobs) {
    signal.throwIfAborted();
    const state = await blobState(store, sha256, size);
    const why = state === "blob_missing" ? "is missing" : "is not what it is called";
    if (state !== "sound") faults.push(`In ${name}, the blob ${sha256} ${why}: have it written again.`);
  }
  return faults;
}
