import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { SluiceError } from "../base/errors.ts";
import { appendRef, latestRef } from "../store/refs.ts";
import { createIdentity, openIdentity } from "../trust/identity.ts";
import { IDENTITY, readIdentityRow, type IdentityRecord } from "./identity-row.ts";
import { createFile, nextKey, takeNextKey, type KeyFiles } from "./key-files.ts";
import type { Site } from "./site.ts";

/**
 * Makes a new key for the site. The record that brings it is signed by both; where a kill comes between that record and the change of the files, the next write
 * finishes it.
 */
export async function rotateKey(
  site: Site,
  files: KeyFiles,
  why: string,
): Promise<{ from: string; to: string }> {
  await using _held = await site.store.lock("rotate", "key rotate", { waitMs: 60_000 });
  const author = await site.author();
  const before = await latestRef<IdentityRecord>(site.store, IDENTITY);
  if (before === undefined)
    throw new SluiceError(
      "identity_lost",
      "The row of this site's keys is gone: restore refs/ from a backup.",
    );
  const made = await createIdentity(`Sluice site ${hostname()}`, site.clock);
  const next = await openIdentity(made.privateKey, site.clock);
  // Of a rotation that was killed before its record: nobody knows that key.
  await rm(nextKey(files), { force: true });
  await createFile(site.store, nextKey(files), made.privateKey, 0o600);
  const body: IdentityRecord = {
    fingerprint: next.fingerprint,
    key: next.publicKey,
    revoked: before.body.revoked,
  };
  await appendRef(site.store, author, IDENTITY, before, { body, why, at: site.clock(), also: [next] });
  await takeNextKey(files);
  return { from: author.fingerprint, to: next.fingerprint };
}

/** Says that an older key of this site counts no more, from now on. The newest one is to be rotated first. */
export async function revokeOwnKey(site: Site, fingerprint: string, why: string): Promise<void> {
  const before = await latestRef<IdentityRecord>(site.store, IDENTITY);
  const row = await readIdentityRow(site.store);
  if (before === undefined || row === undefined) return;
  if (row.current === fingerprint)
    throw new SluiceError(
      "usage",
      "This is the key that signs now: run `sluice key rotate` first, then revoke the old one.",
    );
  if (before.body.revoked.some((one) => one.fingerprint === fingerprint)) return;
  const since = new Date(site.clock()).toISOString();
  const body = { ...before.body, revoked: [...before.body.revoked, { fingerprint, since, why }] };
  await appendRef(site.store, await site.author(), IDENTITY, before, { body, why, at: site.clock() });
}
