import { SluiceError } from "../base/errors.ts";
import { channelRef } from "../channel/channels.ts";
import { readIdentityRow } from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { ChannelRecord } from "../snapshot/record.ts";
import { findSnapshot } from "../snapshot/snapshots.ts";
import { readRef } from "../store/refs.ts";
import { unarmour } from "../trust/exact-armor.ts";
import { importedSites, keptAt, lastImport, type ImportRecord } from "./import-record.ts";
import { DIGITS, MOST_MISSING, ranges, type HeldChannel, type Receipt } from "./receipt.ts";
import { receiptBytes, writeReceipt } from "./receipt-text.ts";

/** Which sites this one could give a receipt to: all that it has imported from, or the one whose id begins so. Throws usage. */
export async function receiptSenders(site: Site, wanted: string | undefined): Promise<string[]> {
  const senders = await importedSites(site.store);
  if (senders.length === 0)
    throw new SluiceError("usage", "Nothing was imported here yet, so that there is nothing to acknowledge.");
  const beginning = wanted?.replaceAll(/[\s:]/g, "").toUpperCase() ?? "";
  const chosen = senders.filter((sender) => sender.startsWith(beginning));
  if (chosen.length > 0) return chosen;
  throw new SluiceError(
    "usage",
    `Nothing was imported from a site '${wanted}': give one of ${senders.join(", ")}.`,
  );
}

/** Says, signed, what of a sender's this site holds now: only snapshots whose every file is there. */
export async function makeReceipt(site: Site, sender: string): Promise<{ receipt: Receipt; text: string }> {
  const taken = await lastImport(site.store, sender);
  if (taken === undefined) throw new SluiceError("usage", `Nothing was imported from the site ${sender}.`);
  const author = await site.author();
  const own = await readIdentityRow(site.store);
  const lost = await lostBlobs(site);
  const channels: HeldChannel[] = [];
  for (const name of Object.keys(taken.channels).toSorted()) {
    const held = await heldOf(site, sender, taken, name, lost);
    if (held !== undefined) channels.push(held);
  }
  const now = site.clock();
  const receipt: Receipt = {
    site: own?.id ?? author.fingerprint,
    key: author.fingerprint,
    sender,
    at: new Date(now).toISOString().replace(/\.\d+Z$/, "Z"),
    channels,
    bundle: taken.bundles.at(-1) ?? 0,
    missing: ranges(gaps(taken.bundles)).slice(-MOST_MISSING),
  };
  const signature = unarmour(await author.sign(receiptBytes(receipt), now));
  return { receipt, text: writeReceipt(receipt, signature) };
}

async function heldOf(
  { store }: Site,
  sender: string,
  { channels, mirrors: names }: ImportRecord,
  name: string,
  lost: ReadonlySet<string>,
): Promise<HeldChannel | undefined> {
  const version = channels[name] ?? 0;
  const record = await readRef<ChannelRecord>(store, keptAt(sender)(channelRef(name)), version);
  const all = Object.entries(record.body.mirrors);
  const only: string[] = [];
  for (const [mirror, id] of all) {
    const found = await findSnapshot(store, names[mirror] ?? mirror, id);
    if (found === undefined || found.body.origin?.site !== sender) continue;
    const { manifest } = found.body;
    const isWhole =
      lost.size === 0 ||
      (!lost.has(manifest.sha256) &&
        (await readManifest(store, manifest, `${mirror}@${id}`)).every((entry) => !lost.has(entry.sha256)));
    if (isWhole) only.push(mirror);
  }
  if (only.length === 0) return undefined;
  const digits = record.sha256.slice(0, DIGITS);
  return { name, version, digits, ...(only.length < all.length && { only }) };
}

// What went bad here must come again.
async function lostBlobs({ store }: Site): Promise<Set<string>> {
  const bad = await store.quarantined();
  return new Set(bad.filter(({ back }) => !back).map(({ sha256 }) => sha256));
}

function gaps(bundles: readonly number[]): number[] {
  const taken = new Set(bundles);
  const numbers = Array.from({ length: bundles.at(-1) ?? 0 }, (_, at) => at + 1);
  return numbers.filter((number) => !taken.has(number));
}
