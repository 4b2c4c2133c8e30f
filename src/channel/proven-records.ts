import { storedMirrors, listSnapshots } from "../snapshot/snapshots.ts";
import { assertSigned, type RefVersion, type SiteKey } from "../store/refs.ts";
import { channelHistory, channelNames } from "./channels.ts";
import type { Site } from "./site.ts";

/**
 * Holds that all records which say what is still needed are as they were signed: those of snapshots, and of channels those that count or have
 * grace. Throws ref_corrupt: what an altered record says must not lead to a delete.
 */
export async function assertRecords(site: Site): Promise<void> {
  const keys = new Map<string, Promise<SiteKey | undefined>>();
  const siteKey = async (fingerprint: string): Promise<SiteKey | undefined> => {
    const known = keys.get(fingerprint) ?? site.siteKey(fingerprint);
    keys.set(fingerprint, known);
    return known;
  };
  const proven = async (versions: readonly RefVersion<unknown>[]): Promise<void> => {
    for (const version of versions) await assertSigned(site.store, version, siteKey);
  };
  for (const mirror of await storedMirrors(site.store)) await proven(await listSnapshots(site.store, mirror));
  const since = site.clock() - site.graceMs;
  for (const name of await channelNames(site.store)) {
    const history = await channelHistory(site.store, name);
    const first = history.findIndex(({ at }) => Date.parse(at) >= since);
    // The one before the first of them has grace too.
    await proven(first < 0 ? history.slice(-1) : history.slice(Math.max(0, first - 1)));
  }
}
