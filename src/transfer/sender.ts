import { SluiceError } from "../base/errors.ts";
import {
  foreignSites,
  IDENTITY,
  readIdentityRow,
  siteFolder,
  type IdentityRow,
} from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import type { ReadStore } from "../store/contract.ts";
import { checkRef, latestRef, ownName, refHistory } from "../store/refs.ts";
import type { Cargo, Source } from "./contract.ts";
import { keyDecisions, type KeyDecision } from "./known-sites.ts";
import { contradiction } from "./send.ts";

/**
 * Finds out whose store the source shows, and holds that this site trusts it. Gives the site's row of keys as far as it is known, here or there. Throws sender_untrusted, identity_bad, replayed.
 */
export async function trustedSender(
  site: Site,
  source: Pick<Source, "store" | "name" | "kind">,
): Promise<IdentityRow> {
  const shown = await readIdentityRow(source.store);
  if (shown === undefined)
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} does not say which site it is of: have it written again.`,
    );
  const is = source.kind === "site" ? "is" : "was written by";
  const own = await readIdentityRow(site.store);
  if (own?.id === shown.id)
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} ${is} this very site: there is nothing to import.`,
    );
  const row = await longerRow(site.store, source.store, shown);
  const decisions = await keyDecisions(site.store);
  if (hasLostTrust(row, decisions) || hasLostTrust(shown, decisions))
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} ${is} the site ${row.current}, which is no longer trusted here.`,
    );
  const isTrusted = [...row.keys].some(
    ([fingerprint, key]) => key.revokedSince === undefined && decisions.get(fingerprint)?.state === "trusted",
  );
  if (!isTrusted && !(await isKnown(site.store, row.id, decisions)))
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} ${is} the site ${row.current}, which this one does not trust: compare the fingerprint with that site's \`sluice key show\`, then run \`sluice key trust\` with its key file.`,
    );
  return row;
}

type Decisions = ReadonlyMap<string, KeyDecision>;

// A key that was revoked here may be a thief's, and so may each key that came after it, unless an operator has compared that one.
function hasLostTrust({ id, records }: IdentityRow, decisions: Decisions): boolean {
  const states = records.map(({ fingerprint }) => decisions.get(fingerprint)?.state);
  return (
    decisions.get(id)?.state === "revoked" || states.lastIndexOf("revoked") > states.lastIndexOf("trusted")
  );
}

// Whoever has a stolen key would show the row as it was before that key was revoked.
async function longerRow(store: ReadStore, source: ReadStore, shown: IdentityRow): Promise<IdentityRow> {
  const folder = siteFolder(shown.id);
  const seen = await readIdentityRow(store, folder);
  if (seen === undefined) return shown;
  for (let version = 1; version <= Math.min(seen.version, shown.version); version++) {
    const kept = await store.readRef(`${folder}${IDENTITY}`, version);
    const theirs = await source.readRef(IDENTITY, version);
    if (kept === undefined || theirs?.equals(kept) !== true)
      throw contradiction(`${folder}${IDENTITY}`, version);
  }
  if (seen.version <= shown.version) return shown;
  for (const [fingerprint, key] of seen.keys)
    if (key.revokedSince !== undefined && shown.keys.get(fingerprint)?.revokedSince === undefined)
      throw new SluiceError(
        "replayed",
        `The row of keys of the site ${shown.id} is older than the one that is known here: what it came with was made before a key was revoked; import a newer one.`,
      );
  return seen;
}

// A site whose row was imported before stays known, whatever has become of the key that was trusted first.
async function isKnown(store: ReadStore, id: string, decisions: Decisions): Promise<boolean> {
  const seen = await readIdentityRow(store, siteFolder(id));
  return [...(seen?.keys.keys() ?? [])].some(
    (fingerprint) => decisions.get(fingerprint)?.state === "trusted",
  );
}

/** Holds that every record of the cargo is whole, in a row, and signed by the site that it is of. Throws sender_forged. */
export async function proveRecords(
  source: Pick<Source, "store" | "name">,
  sender: IdentityRow,
  cargo: Cargo,
): Promise<void> {
  const { store } = source;
  const rows = new Map<string, IdentityRow>([["", sender]]);
  for (const id of await foreignSites(store)) {
    const row = await readIdentityRow(store, siteFolder(id));
    if (row !== undefined && row.id === id) rows.set(siteFolder(id), row);
  }
  for (const { name } of cargo.refs) {
    if (ownName(name) === IDENTITY) continue;
    const folder = name.slice(0, name.length - ownName(name).length);
    const row = rows.get(folder);
    const [found] = await checkRef(store, name, async (fingerprint) => row?.keys.get(fingerprint));
    const fault = found ?? (row && (await lateFault(store, name, row)));
    if (fault !== undefined)
      throw new SluiceError("sender_forged", `In ${source.name}, ${fault} Nothing was taken: do not use it.`);
  }
}

// A revoked key can sign any date; behind a version that a later key has signed, its own came too late. What an unrevoked key goes on from is vouched for by that one.
async function lateFault(store: ReadStore, name: string, row: IdentityRow): Promise<string | undefined> {
  const last = await latestRef(store, name);
  if (last === undefined || row.keys.get(last.site)?.revokedSince === undefined) return undefined;
  const place = (site: string): number => row.records.findIndex(({ fingerprint }) => fingerprint === site);
  const isLate = (await refHistory(store, name)).some(({ site }) => place(site) > place(last.site));
  return isLate
    ? `refs/${name}/${last.version}.json: is signed by the key ${last.site}, which is revoked, after a later key had signed.`
    : undefined;
}

/** Holds that no channel of the sender goes back behind what was seen of it. Throws replayed. */
export async function refuseReplay(
  store: ReadStore,
  sender: string,
  cargo: Cargo,
  name: string,
): Promise<void> {
  for (const { name: channel, version } of cargo.channels) {
    const seen = (await store.refVersions(`${siteFolder(sender)}channels/${channel}`)).at(-1);
    if (seen !== undefined && version < seen)
      throw new SluiceError(
        "replayed",
        `${capital(name)} has version ${version} of the channel '${channel}', but this site has had version ${seen}: it is an old one; import the newest.`,
      );
  }
}

/** As a sentence begins with it. */
export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
