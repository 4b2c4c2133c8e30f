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
import { checkRef, ownName } from "../store/refs.ts";
import type { Cargo, Source } from "./contract.ts";
import { keyDecisions } from "./known-sites.ts";

/** Finds out whose store the source shows, and holds that this site trusts it. Throws sender_untrusted, identity_bad, replayed. */
export async function trustedSender(
  site: Site,
  source: Pick<Source, "store" | "name" | "kind">,
): Promise<IdentityRow> {
  const row = await readIdentityRow(source.store);
  if (row === undefined)
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} does not say which site it is of: have it written again.`,
    );
  const is = source.kind === "site" ? "is" : "was written by";
  const own = await readIdentityRow(site.store);
  if (own?.id === row.id)
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} ${is} this very site: there is nothing to import.`,
    );
  const decisions = await keyDecisions(site.store);
  if (decisions.get(row.id)?.state === "revoked" || decisions.get(row.current)?.state === "revoked")
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} ${is} the site ${row.current}, which is no longer trusted here.`,
    );
  const isTrusted = [...row.keys].some(
    ([fingerprint, key]) => key.revokedSince === undefined && decisions.get(fingerprint)?.state === "trusted",
  );
  if (!isTrusted && !(await isKnown(site.store, row)))
    throw new SluiceError(
      "sender_untrusted",
      `${capital(source.name)} ${is} the site ${row.current}, which this one does not trust: compare the fingerprint with that site's \`sluice key show\`, then run \`sluice key trust\` with its key file.`,
    );
  return row;
}

// A row whose beginning was imported before is that site's, whatever has become of the key that was trusted first; sendRefs compares the bytes.
async function isKnown(store: ReadStore, row: IdentityRow): Promise<boolean> {
  const seen = await readIdentityRow(store, siteFolder(row.id));
  if (seen === undefined) return false;
  if (seen.version > row.version)
    throw new SluiceError(
      "replayed",
      `The row of keys of the site ${row.id} is older than the one that is known here: what it came with was made before its key was changed; import a newer one.`,
    );
  const decisions = await keyDecisions(store);
  return [...seen.keys.keys()].some((fingerprint) => decisions.get(fingerprint)?.state === "trusted");
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
    const [fault] = await checkRef(store, name, async (fingerprint) =>
      rows.get(folder)?.keys.get(fingerprint),
    );
    if (fault !== undefined)
      throw new SluiceError("sender_forged", `In ${source.name}, ${fault} Nothing was taken: do not use it.`);
  }
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
