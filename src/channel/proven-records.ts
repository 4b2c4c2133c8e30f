import { storedMirrors, listSnapshots } from "../snapshot/snapshots.ts";
import { assertRow, assertSigned, type FindKey, type SiteKey } from "../store/refs.ts";
import { channelHistory, channelNames } from "./channels.ts";
import type { Site } from "./site.ts";

/**
 * Holds that all records which say what is still needed are as they were signed: those of snapshots, and the histories of channels. Throws ref_corrupt:
 * what an altered record says must not lead to a delete.
 */
export async function assertRecords({ store, ...site }: Site): Promise<void> {
  const keys = new Map<string, Promise<SiteKey | undefined>>();
  const siteKey: FindKey = async (fingerprint, ref) => {
    const known = keys.get(fingerprint) ?? site.siteKey(fingerprint, ref);
    keys.set(fingerprint, known);
    return known;
  };
  for (const mirror of await storedMirrors(store))
    for (const snapshot of await listSnapshots(store, mirror)) await assertSigned(store, snapshot, siteKey);
  for (const name of await channelNames(store))
    await assertRow(store, await channelHistory(store, name), siteKey);
}
