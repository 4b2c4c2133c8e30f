import { SluiceError } from "../base/errors.ts";
import { channelRef } from "../channel/channels.ts";
import { readIdentityRow, siteFolder } from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import type { ChannelRecord } from "../snapshot/record.ts";
import { readRef } from "../store/refs.ts";
import { openSiteKey } from "../trust/identity.ts";
import { armour } from "../trust/exact-armor.ts";
import { keyDecisions } from "./known-sites.ts";
import { numbersIn, type HeldChannel, type Receipt } from "./receipt.ts";
import { readReceipt, receiptBytes } from "./receipt-text.ts";

/** What a receipt comes to at the site that it is for. */
export interface Acknowledged {
  readonly receipt: Receipt;
  /** `mirror@id` of what the other side holds. */
  readonly snapshots: readonly string[];
  /** Numbers of the bundles that it has had. */
  readonly bundles: readonly number[];
}

/** Reads a receipt that was carried back here, and proves it by the keys that are trusted. Throws receipt_invalid. */
export async function acknowledged(site: Site, text: string): Promise<Acknowledged> {
  const { receipt, signature } = readReceipt(text);
  const own = await readIdentityRow(site.store);
  if (own?.id !== receipt.sender)
    throw invalid(
      `it is for the site ${receipt.sender}, not for this one: take the one that is for this site`,
    );
  await prove(site, receipt, armour(Buffer.from(signature)));
  const snapshots = new Set<string>();
  for (const channel of receipt.channels)
    for (const name of await snapshotsOf(site, channel)) snapshots.add(name);
  const missing = new Set(numbersIn(receipt.missing, receipt.bundle));
  const bundles = numbersIn([`1-${receipt.bundle}`], receipt.bundle).filter((number) => !missing.has(number));
  return { receipt, snapshots: [...snapshots], bundles };
}

async function prove({ store }: Site, receipt: Receipt, signature: string): Promise<void> {
  const decision = (await keyDecisions(store)).get(receipt.key);
  if (decision?.state !== "trusted")
    throw invalid(
      `it is signed by the key ${receipt.key}, which this site does not trust: compare it with that site's \`sluice key show\`, then run \`sluice key trust\` with its key file`,
    );
  // Of a site that was imported from, the row of keys is known.
  const row = await readIdentityRow(store, siteFolder(receipt.site));
  const isOf = row === undefined ? true : row.keys.has(receipt.key);
  const key = await openSiteKey(decision.key);
  if (!isOf || !(await key.verify(receiptBytes(receipt), signature)))
    throw invalid("its signature does not match: it was altered, or a line is missing; copy it again");
}

async function snapshotsOf({ store }: Site, { name, version, digits, only }: HeldChannel): Promise<string[]> {
  const there = (await store.refVersions(channelRef(name))).includes(version);
  const record = there ? await readRef<ChannelRecord>(store, channelRef(name), version) : undefined;
  if (record?.sha256.startsWith(digits) !== true)
    throw invalid(
      `this site has no version ${version} of the channel '${name}' with the digits ${digits}, perhaps since its store was restored from a backup: export with \`--full\``,
    );
  return Object.entries(record.body.mirrors)
    .filter(([mirror]) => only === undefined || only.includes(mirror))
    .map(([mirror, id]) => `${mirror}@${id}`);
}

function invalid(why: string): SluiceError {
  return new SluiceError("receipt_invalid", `The receipt cannot be used, since ${why}.`);
}
