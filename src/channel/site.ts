import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import type { PruneStore } from "../store/contract.ts";
import { openDirectoryStore } from "../store/directory/open.ts";
import type { Author, SiteKey } from "../store/refs.ts";

/** One installation: its store, its identity, and the times that rule it. */
export interface Site {
  readonly store: PruneStore;
  /** How long files that left a channel are still served, and condemned blobs wait; in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  /** The identity that signs refs, made at the first call. */
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
      author ??= loadAuthor(data);
      return author;
    },
    siteKey: async (fingerprint) => siteKeyOf(data, fingerprint),
  };
}

async function loadAuthor(data: string): Promise<Author> {
  const { createIdentity, openIdentity } = await import("../trust/identity.ts");
  const path = join(data, "identity", "private.asc");
  let privateKey = await readText(path);
  if (privateKey === undefined) {
    const made = await createIdentity(`Sluice site ${hostname()}`);
    await createFile(path, made.privateKey, 0o600);
    privateKey = (await readText(path)) ?? made.privateKey;
  }
  const identity = await openIdentity(privateKey);
  await createFile(join(data, "identity", "public.asc"), identity.publicKey, 0o644);
  return { fingerprint: identity.fingerprint, by: author(), sign: async (bytes) => identity.sign(bytes) };
}

/** The site's public key, armoured; undefined before the first write. */
export async function publicKey(data: string): Promise<string | undefined> {
  return readText(join(data, "identity", "public.asc"));
}

/** The key of that fingerprint, if the site in the data directory accepts it. */
export async function siteKeyOf(data: string, fingerprint: string): Promise<SiteKey | undefined> {
  const armoured = await publicKey(data);
  if (armoured === undefined) return undefined;
  const { openSiteKey } = await import("../trust/identity.ts");
  const key = await openSiteKey(armoured);
  return key.fingerprint === fingerprint ? key : undefined;
}

// Created whole or not at all, and never over one that is there: two first writers must end with one identity.
async function createFile(path: string, text: string, mode: number): Promise<void> {
  if ((await readText(path)) !== undefined) return;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await using file = await open(temporary, "wx", mode);
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
    await link(temporary, path);
    await using directory = await open(folder, "r");
    await directory.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(temporary, { force: true });
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
