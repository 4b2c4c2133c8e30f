import { hostname, userInfo } from "node:os";
import { SluiceError } from "../base/errors.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import type { PruneStore, ReadStore } from "../store/contract.ts";
import { openDirectoryStore } from "../store/directory/open.ts";
import { latestRef, ownName, type Author, type FindKey, type SiteKey } from "../store/refs.ts";
import type { Identity } from "../trust/identity.ts";
import { CHANNEL_EXPIRY_MS } from "./expiry.ts";
import {
  beginIdentityRow,
  IDENTITY,
  readIdentityRow,
  type IdentityRecord,
  type IdentityRow,
} from "./identity-row.ts";
import {
  createFile,
  keyFiles,
  nextKey,
  readText,
  removeStrays,
  takeNextKey,
  type KeyFiles,
} from "./key-files.ts";

/** One installation: its store, its identity, and the times that rule it. */
export interface Site {
  readonly store: PruneStore;
  /** How long files that left a channel are still served, and condemned blobs wait; in ms. */
  readonly graceMs: number;
  /** How long a version of a channel that is written here counts as fresh; in ms. */
  readonly channelExpiryMs: number;
  readonly clock: Clock;
  /** The identity that signs refs, made at the first write of a new site; throws identity_lost where it is gone or damaged. */
  author(): Promise<Author>;
  /** The key of that fingerprint, if it may sign the ref: one of this site's own, or of the site that the ref came from. */
  readonly siteKey: FindKey;
}

/** Opens the site whose data directory is given for writing; `privateKey` is a file elsewhere that holds the private part of its identity. */
export async function openSite(
  data: string,
  graceMs: number,
  {
    clock = systemClock,
    privateKey,
    channelExpiryMs = CHANNEL_EXPIRY_MS,
  }: { clock?: Clock; privateKey?: string | undefined; channelExpiryMs?: number } = {},
): Promise<Site> {
  const store = await openDirectoryStore(data);
  const files = keyFiles(data, privateKey);
  let author: Promise<Author> | undefined;
  return {
    store,
    graceMs,
    channelExpiryMs,
    clock,
    author: async () => {
      author ??= loadAuthor(files, store, clock);
      return author;
    },
    siteKey: findKeyOf(data, store),
  };
}

// An identity is made only where there never was one: a second one would make all earlier records foreign.
async function loadAuthor(paths: KeyFiles, store: PruneStore, clock: Clock): Promise<Author> {
  await finishRotation(paths, store);
  const privateKey = (await readText(paths.privateKey)) ?? (await makeIdentity(paths, store, clock));
  const identity = await openPrivate(paths, privateKey, clock);
  const known = await openPublic(paths);
  if (known === undefined) await createFile(store, paths.publicKey, identity.publicKey, 0o644);
  else if (known.fingerprint !== identity.fingerprint) {
    throw new SluiceError(
      "identity_lost",
      `${paths.privateKey} is not the private key of ${paths.publicKey} (${identity.fingerprint}, not ${known.fingerprint}): restore both from one backup.`,
    );
  }
  await removeStrays(store, paths);
  const { fingerprint, sign } = identity;
  const self = { fingerprint, by: author(), sign, siteKey: findKeyIn(paths, store) };
  await beginIdentityRow(store, self, identity, clock());
  const current = (await latestRef<IdentityRecord>(store, IDENTITY))?.body.fingerprint;
  if (current !== undefined && current !== identity.fingerprint)
    throw new SluiceError(
      "identity_lost",
      `${paths.privateKey} (${identity.fingerprint}) is an older key of this site, which signs with ${current} since it was rotated: restore that one from a backup.`,
    );
  return self;
}

// A rotation that was killed after its record: the new key is there already, under another name.
async function finishRotation(paths: KeyFiles, store: PruneStore): Promise<void> {
  const next = await readText(nextKey(paths));
  if (next === undefined) return;
  const current = (await latestRef<IdentityRecord>(store, IDENTITY))?.body.fingerprint;
  const { openIdentity } = await import("../trust/identity.ts");
  if ((await openIdentity(next)).fingerprint === current) await takeNextKey(paths);
}

async function makeIdentity(paths: KeyFiles, store: PruneStore, clock: Clock): Promise<string> {
  const isUsed = (await readText(paths.publicKey)) !== undefined || (await store.listRefs("")).length > 0;
  // Another first writer may have made it before that look: its private key comes first.
  const made = await readText(paths.privateKey);
  if (made !== undefined) return made;
  if (isUsed) throw privateKeyGone(paths);
  const { createIdentity } = await import("../trust/identity.ts");
  const identity = await createIdentity(`Sluice site ${hostname()}`, clock);
  await createFile(store, paths.privateKey, identity.privateKey, 0o600);
  const privateKey = await readText(paths.privateKey);
  if (privateKey === undefined) throw privateKeyGone(paths);
  return privateKey;
}

function privateKeyGone(paths: KeyFiles): SluiceError {
  return new SluiceError(
    "identity_lost",
    `The private key of this site, ${paths.privateKey}, is gone: restore it from a backup.`,
  );
}

async function openPrivate(paths: KeyFiles, privateKey: string, clock: Clock): Promise<Identity> {
  const { openIdentity } = await import("../trust/identity.ts");
  try {
    return await openIdentity(privateKey, clock);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError("identity_lost", `${paths.privateKey}: ${error.message}`, { cause: error });
  }
}

async function openPublic(paths: KeyFiles): Promise<SiteKey | undefined> {
  const armoured = await readText(paths.publicKey);
  if (armoured === undefined) return undefined;
  const { openSiteKey } = await import("../trust/identity.ts");
  try {
    return await openSiteKey(armoured);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(
      "identity_lost",
      `The public key of this site, ${paths.publicKey}, is damaged: remove it, the next write makes it again from private.asc.`,
      { cause: error },
    );
  }
}

/**
 * Finds the keys that may sign a ref of the store in the data directory: of one that came from another site, that site's; else this one's, all of its row. Throws
 * identity_lost where its own key file is damaged.
 */
export function findKeyOf(data: string, store: ReadStore): FindKey {
  return findKeyIn(keyFiles(data), store);
}

function findKeyIn(files: KeyFiles, store: ReadStore): FindKey {
  const rows = new Map<string, Promise<IdentityRow | undefined>>();
  const read = async (folder: string): Promise<IdentityRow | undefined> => {
    const row = readIdentityRow(store, folder).catch(damagedRow);
    rows.set(folder, row);
    return row;
  };
  return async (fingerprint, ref) => {
    const folder = ref.slice(0, ref.length - ownName(ref).length);
    const known = (await rows.get(folder))?.keys.get(fingerprint);
    if (known !== undefined) return known;
    // Another process may have changed the key since.
    const found = (await read(folder))?.keys.get(fingerprint);
    if (found !== undefined || folder !== "") return found;
    const key = (await openPublic(files)) ?? (await derivedKey(files));
    return key?.fingerprint === fingerprint ? key : undefined;
  };
}

// That the row is damaged is a fault of its own; the file beside it may still know the key.
function damagedRow(error: unknown): undefined {
  if (!(error instanceof SluiceError)) throw error;
}

// Until the next write makes public.asc again, the site's records are still its own.
async function derivedKey(paths: KeyFiles): Promise<SiteKey | undefined> {
  const privateKey = await readText(paths.privateKey);
  if (privateKey === undefined) return undefined;
  const { openSiteKey } = await import("../trust/identity.ts");
  return openSiteKey((await openPrivate(paths, privateKey, systemClock)).publicKey);
}

function author(): string {
  return `${userInfo().username}@${hostname()}`;
}
