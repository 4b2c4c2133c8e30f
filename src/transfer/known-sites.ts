import { SluiceError } from "../base/errors.ts";
import { readIdentityRow } from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import { checkShape } from "../snapshot/record-shape.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, latestRef } from "../store/refs.ts";
import { openSiteKey } from "../trust/identity.ts";

/** What this site has decided about the key of another one; the ref `keys/<fingerprint>`. */
export interface KeyDecision {
  readonly fingerprint: string;
  /** Armoured. */
  readonly key: string;
  readonly state: "trusted" | "revoked";
}

const ref = (fingerprint: string): string => `keys/${fingerprint}`;

/** All decisions as they are now, by fingerprint. */
export async function keyDecisions(store: ReadStore): Promise<Map<string, KeyDecision>> {
  const found = new Map<string, KeyDecision>();
  for (const name of await store.listRefs("keys/")) {
    const latest = await latestRef<KeyDecision>(store, name);
    if (latest !== undefined) found.set(checkShape(latest).body.fingerprint, latest.body);
  }
  return found;
}

/** Fingerprints of all keys that records are believed by here: this site's own, and those that it trusts. */
export async function trustedKeys(store: ReadStore): Promise<Set<string>> {
  const trusted = new Set((await readIdentityRow(store))?.keys.keys());
  for (const { fingerprint, state } of (await keyDecisions(store)).values())
    if (state === "trusted") trusted.add(fingerprint);
  return trusted;
}

/** Writes down that the site of this armoured public key may, or may not any more, send to us. False where that was so already. */
export async function decideKey(
  site: Site,
  armoured: string,
  state: KeyDecision["state"],
  why: string,
): Promise<boolean> {
  const { fingerprint } = await openSiteKey(armoured);
  const before = await latestRef<KeyDecision>(site.store, ref(fingerprint));
  if (before?.body.state === state) return false;
  const body: KeyDecision = { fingerprint, key: armoured, state };
  await appendRef(site.store, await site.author(), ref(fingerprint), before, { body, why, at: site.clock() });
  return true;
}

/** Takes trust back from a key that was trusted; throws usage where it never was. */
export async function revokeForeignKey(site: Site, fingerprint: string, why: string): Promise<void> {
  const known = (await keyDecisions(site.store)).get(fingerprint);
  if (known === undefined)
    throw new SluiceError("usage", `No key ${fingerprint} was ever trusted here: see \`sluice key show\`.`);
  await decideKey(site, known.key, "revoked", why);
}
