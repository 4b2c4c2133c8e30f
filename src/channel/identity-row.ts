import { z } from "zod";
import { SluiceError } from "../base/errors.ts";
import type { ReadStore, WriteStore } from "../store/contract.ts";
import {
  appendRef,
  checkRef,
  isSignedBy,
  latestRef,
  refHistory,
  type Author,
  type SiteKey,
} from "../store/refs.ts";
import { openSiteKey, type Identity } from "../trust/identity.ts";

/** Says of a key from when on (ISO time) its signatures do not count. */
export interface Revocation {
  readonly fingerprint: string;
  readonly since: string;
  readonly why: string;
}

/** A version of the ref `identity`: the key that signs from the next version on, and all revocations so far. */
export interface IdentityRecord {
  readonly fingerprint: string;
  /** Armoured. */
  readonly key: string;
  readonly revoked: readonly Revocation[];
}

// A later version of the program may write more.
const shape = z.looseObject({
  fingerprint: z.string(),
  key: z.string(),
  revoked: z.array(z.looseObject({ fingerprint: z.string(), since: z.iso.datetime(), why: z.string() })),
});

/** The keys of one site, from its first to the one that signs now. */
export interface IdentityRow {
  /** The fingerprint of the first key: what the site is called for ever. */
  readonly id: string;
  readonly current: string;
  /** Every key of the row, the revoked ones with the time from which they do not count. */
  readonly keys: ReadonlyMap<string, SiteKey>;
  readonly records: readonly IdentityRecord[];
  readonly version: number;
}

export const IDENTITY = "identity";

/** A row is read before its site is trusted. */
const MOST_VERSIONS = 1000;

/** Where refs lie that came from another site. */
export function siteFolder(id: string): string {
  return `sites/${id}/`;
}

/** Ids of all sites that refs came from. */
export async function foreignSites(store: ReadStore): Promise<string[]> {
  return [...new Set((await store.listRefs("sites/")).map((ref) => ref.split("/")[1] ?? ""))];
}

/**
 * Reads and proves a row of keys, below a folder (`sites/<id>/`) or this store's own: each version is signed by the key before it, a new key by itself too. Undefined
 * where there is none; throws identity_bad.
 */
export async function readIdentityRow(store: ReadStore, folder = ""): Promise<IdentityRow | undefined> {
  const name = `${folder}${IDENTITY}`;
  const { length } = await store.refVersions(name);
  if (length > MOST_VERSIONS)
    throw new SluiceError(
      "identity_bad",
      `refs/${name} has ${length} versions, and no site changes its keys more than ${MOST_VERSIONS} times: do not accept them.`,
    );
  const versions = await refHistory<IdentityRecord>(store, name);
  const [first] = versions;
  const last = versions.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const keys = new Map<string, SiteKey>();
  for (const { body } of versions) keys.set(body.fingerprint, await keyOf(body, name));
  const signers = new Map(keys);
  const faults = await checkRef(store, name, async (fingerprint) => signers.get(fingerprint));
  for (const [at, { body, site, version }] of versions.entries()) {
    const before = versions[at - 1]?.body.fingerprint ?? body.fingerprint;
    if (site !== before) faults.push(`refs/${name}/${version}.json: is not signed by the key before it.`);
    const key = keys.get(body.fingerprint);
    if (key !== undefined && body.fingerprint !== before && !(await isSignedBy(store, name, version, key)))
      faults.push(`refs/${name}/${version}.json: is not signed by the key that it brings.`);
  }
  if (faults[0] !== undefined)
    throw new SluiceError(
      "identity_bad",
      `The keys of the site ${first.body.fingerprint} do not hang together (${faults[0]}): do not accept them.`,
    );
  for (const { fingerprint, since } of last.body.revoked) {
    const key = keys.get(fingerprint);
    if (key !== undefined) keys.set(fingerprint, { ...key, revokedSince: Date.parse(since) });
  }
  return {
    id: first.body.fingerprint,
    current: last.body.fingerprint,
    keys,
    records: versions.map(({ body }) => body),
    version: last.version,
  };
}

async function keyOf(body: IdentityRecord, name: string): Promise<SiteKey> {
  if (!shape.safeParse(body).success)
    throw new SluiceError("identity_bad", `A record of refs/${name} holds no key: do not accept it.`);
  const key = await openSiteKey(body.key);
  if (key.fingerprint !== body.fingerprint)
    throw new SluiceError(
      "identity_bad",
      `A key in refs/${name} is not the one that it is said to be: do not accept it.`,
    );
  return key;
}

/** Writes the first version of this site's row, where there is none yet. */
export async function beginIdentityRow(
  store: WriteStore,
  author: Author,
  identity: Identity,
  at: number,
): Promise<void> {
  if ((await latestRef(store, IDENTITY)) !== undefined) return;
  const body: IdentityRecord = { fingerprint: identity.fingerprint, key: identity.publicKey, revoked: [] };
  await appendRef(store, author, IDENTITY, undefined, { body, why: "the first key of this site", at }).catch(
    (error: unknown) => {
      // Another first writer has just done it.
      if (!(error instanceof SluiceError) || error.code !== "ref_conflict") throw error;
    },
  );
}
