import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import type { Held, PruneStore } from "../store/contract.ts";
import { writeError } from "../store/directory/files.ts";
import { openDirectoryStore } from "../store/directory/open.ts";
import type { Author, SiteKey } from "../store/refs.ts";
import type { Identity } from "../trust/identity.ts";

/** One installation: its store, its identity, and the times that rule it. */
export interface Site {
  readonly store: PruneStore;
  /** How long files that left a channel are still served, and condemned blobs wait; in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  /** The identity that signs refs, made at the first write of a new site; throws identity_lost where it is gone or damaged. */
  author(): Promise<Author>;
  /** The key of a site whose signatures this one accepts: its own. */
  siteKey(fingerprint: string): Promise<SiteKey | undefined>;
}

/** Opens the site whose data directory is given for writing. */
export async function openSite(data: string, graceMs: number, clock: Clock = systemClock): Promise<Site> {
  const store = await openDirectoryStore(data);
  let author: Promise<Author> | undefined;
  return {
    store,
    graceMs,
    clock,
    author: async () => {
      author ??= loadAuthor(data, store, clock);
      return author;
    },
    siteKey: async (fingerprint) => siteKeyOf(data, fingerprint),
  };
}

interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

function keyFiles(data: string): KeyFiles {
  return {
    privateKey: join(data, "identity", "private.asc"),
    publicKey: join(data, "identity", "public.asc"),
  };
}

// An identity is made only where there never was one: a second one would make all earlier records foreign.
async function loadAuthor(data: string, store: PruneStore, clock: Clock): Promise<Author> {
  const paths = keyFiles(data);
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
  await removeStrays(store, dirname(paths.privateKey));
  return {
    fingerprint: identity.fingerprint,
    by: author(),
    sign: async (bytes) => identity.sign(bytes),
    siteKey: async (fingerprint) => siteKeyOf(data, fingerprint),
  };
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

/** The site's public key, armoured; undefined before the first write. */
export async function publicKey(data: string): Promise<string | undefined> {
  return readText(keyFiles(data).publicKey);
}

/** The key of that fingerprint, if the site in the data directory accepts it. Throws identity_lost where its own key file is damaged. */
export async function siteKeyOf(data: string, fingerprint: string): Promise<SiteKey | undefined> {
  const key = (await openPublic(keyFiles(data))) ?? (await derivedKey(data));
  return key?.fingerprint === fingerprint ? key : undefined;
}

// Until the next write makes public.asc again, the site's records are still its own.
async function derivedKey(data: string): Promise<SiteKey | undefined> {
  const paths = keyFiles(data);
  const privateKey = await readText(paths.privateKey);
  if (privateKey === undefined) return undefined;
  const { openSiteKey } = await import("../trust/identity.ts");
  return openSiteKey((await openPrivate(paths, privateKey, systemClock)).publicKey);
}

// Created whole or not at all, and never over one that is there: two first writers must end with one identity.
async function createFile(store: PruneStore, path: string, text: string, mode: number): Promise<void> {
  const folder = dirname(path);
  await using _held = await lockFiles(store);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await using file = await open(temporary, "wx", mode);
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
    await linkUnlessThere(temporary, path);
    // Its folder too may have just been made.
    for (const path of [folder, dirname(folder)]) {
      await using directory = await open(path, "r");
      await directory.sync();
    }
  } catch (error) {
    throw writeError(error, dirname(folder), "the key of this site");
  } finally {
    await rm(temporary, { force: true });
  }
}

// A writer that was killed left its temporary file: a second copy of the key, at worst.
async function removeStrays(store: PruneStore, folder: string): Promise<void> {
  const strays = (await readdir(folder)).filter((name) => /^(private|public)\.asc\..+\.tmp$/.test(name));
  if (strays.length === 0) return;
  await using _held = await lockFiles(store);
  for (const name of strays) await rm(join(folder, name), { force: true });
}

async function lockFiles(store: PruneStore): Promise<Held> {
  return store.lock("identity", "making the key of this site", { waitMs: 60_000 });
}

async function linkUnlessThere(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new SluiceError("store_unusable", `Cannot read ${path}: check its owner and mode.`, {
      cause: error,
    });
  }
}

function author(): string {
  return `${userInfo().username}@${hostname()}`;
}
