import type { RecordedTrust } from "../snapshot/record.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, latestRef } from "../store/refs.ts";
import type { Site } from "./site.ts";

const ref = (mirror: string): string => `vendors/${mirror}`;

/** The keys that were accepted for a mirror when it was imported before. */
export async function acceptedKeys(store: ReadStore, mirror: string): Promise<RecordedTrust | undefined> {
  return (await latestRef<{ trust: RecordedTrust }>(store, ref(mirror)))?.body.trust;
}

/** Writes down that these keys prove the mirror from now on. The key files must be in the store. */
export async function rememberKeys(site: Site, mirror: string, trust: RecordedTrust): Promise<void> {
  const before = await latestRef<{ trust: RecordedTrust }>(site.store, ref(mirror));
  if (JSON.stringify(before?.body.trust) === JSON.stringify(trust)) return;
  const change = { body: { trust }, why: `accept the vendor's keys of ${mirror}`, at: site.clock() };
  await appendRef(site.store, await site.author(), ref(mirror), before, change);
}

/** Key files that gc must leave alone. */
export async function acceptedKeyFiles(store: ReadStore): Promise<string[]> {
  const files: string[] = [];
  for (const name of await store.listRefs("vendors/")) {
    const trust = (await latestRef<{ trust: RecordedTrust }>(store, name))?.body.trust;
    if (trust?.kind === "keys") files.push(...trust.keyrings.map(({ sha256 }) => sha256));
  }
  return files;
}
