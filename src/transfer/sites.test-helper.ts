import assert from "node:assert/strict";
import { beginIdentityRow, IDENTITY, readIdentityRow, type IdentityRecord } from "../channel/identity-row.ts";
import { commitMove, planPromote } from "../channel/moves.ts";
import type { Site } from "../channel/site.ts";
import { memoryStore, type MemoryStore } from "../store/memory.ts";
import { appendRef, latestRef, ownName, type Author, type FindKey } from "../store/refs.ts";
import { listing, publish, rig, START, type Rig } from "../sync/rig.test-helper.ts";
import { createIdentity, openIdentity } from "../trust/identity.ts";
import { decideKey } from "./known-sites.ts";
import { importFrom, type ImportRequest, type ImportResult } from "./receive.ts";
import { storeSource } from "./store-source.ts";
import type { Source } from "./contract.ts";

const DAY = 86_400_000;

/** A rig with a real identity: what it writes can be sent to another one. */
export interface SiteRig extends Rig {
  readonly site: Rig["site"];
  readonly publicKey: string;
}

export async function siteRig(): Promise<SiteRig> {
  const made = rig();
  const identity = await openIdentity((await createIdentity("site", () => START)).privateKey, () => made.now);
  const { store } = made.site;
  const siteKey: FindKey = async (fingerprint, ref) => {
    const row = await readIdentityRow(store, ref.slice(0, ref.length - ownName(ref).length));
    return row?.keys.get(fingerprint);
  };
  const author: Author = { fingerprint: identity.fingerprint, by: "root@test", sign: identity.sign, siteKey };
  const site: Rig["site"] = { ...made.site, author: async () => author, siteKey };
  await beginIdentityRow(store, author, identity, START);
  const plain = made.sync;
  const sync: Rig["sync"] = async (change) => plain({ site, ...change });
  // The same object: its clock is read from it.
  return Object.assign(made, { site, sync, publicKey: identity.publicKey });
}

/** The upstream of a rig has a new state, the rig too, in `stable`. Gives the snapshot's id. */
export async function goOn(made: SiteRig, files: Record<string, string>): Promise<string> {
  made.now += DAY;
  publish(made.upstream, made.now - 1000, files);
  const outcome = await made.sync();
  assert.ok(outcome.result === "updated", JSON.stringify(outcome));
  await commitMove(made.site, await planPromote(made.site.store, () => listing, "latest", "stable", []));
  return outcome.snapshot;
}

/** `to` trusts what `from` sends. */
export async function trusts(to: SiteRig, from: SiteRig): Promise<void> {
  await decideKey(to.site, from.publicKey, "trusted", "test");
}

/** The site signs with a new key from now on. Gives the old one's author, who could sign on if it was stolen. */
export async function rotates({ site, now }: SiteRig): Promise<Author> {
  const old = await site.author();
  const next = await openIdentity((await createIdentity("next", () => now)).privateKey, () => now);
  const before = await latestRef<IdentityRecord>(site.store, IDENTITY);
  const revoked = before?.body.revoked ?? [];
  const body = { fingerprint: next.fingerprint, key: next.publicKey, revoked };
  await appendRef(site.store, old, IDENTITY, before, { body, why: "test", at: now, also: [next] });
  site.author = async () => ({ ...old, fingerprint: next.fingerprint, sign: next.sign });
  return old;
}

/** A copy of all that the site has, which goes its own way from now on. */
export function copyOf({ site, now }: SiteRig): MemoryStore {
  const copy = memoryStore({ clock: () => now });
  for (const [name, versions] of site.store.refs) copy.refs.set(name, new Map(versions));
  for (const [name, blob] of site.store.blobs) copy.blobs.set(name, blob);
  return copy;
}

export function sourceOf(from: { readonly site: Site }): Source {
  return storeSource(from.site.store, "medium", "the medium");
}

/** Imports with defaults: no key of the vendor is needed, since the toy has none. */
export async function takes(
  to: SiteRig,
  source: Source,
  change: Partial<ImportRequest> = {},
): Promise<ImportResult> {
  return importFrom(to.site, source, {
    selection: {},
    as: new Map(),
    dryRun: false,
    vendor: { configured: async () => ({ kind: "none" }), accept: async () => false },
    find: () => listing,
    emit: () => undefined,
    signal: new AbortController().signal,
    ...change,
  });
}
