import { channelRef, findChannel } from "../channel/channels.ts";
import { foreignSites, IDENTITY, siteFolder } from "../channel/identity-row.ts";
import { findSnapshot, snapshotRef } from "../snapshot/snapshots.ts";
import type { HttpStore } from "../store/http/open.ts";
import type { Selection } from "./cargo.ts";

/** Fetches side by side what loadCargo and the proof of the records will ask for one after the other. Which of it is to travel is not decided here. */
export async function loadAhead(store: HttpStore, selection: Selection): Promise<void> {
  const [channels, imports, sites] = await Promise.all([
    store.listRefs("channels/"),
    store.listRefs("imports/"),
    foreignSites(store),
    store.load([IDENTITY]),
  ]);
  const wanted = channels.filter(
    (name) => selection.channels?.includes(name.slice(channelRef("").length)) ?? true,
  );
  await store.load([...wanted, ...imports, ...sites.map((id) => `${siteFolder(id)}${IDENTITY}`)]);
  const names = new Set<string>();
  const origins = new Set<string>();
  await Promise.all(
    wanted.map(async (ref) => {
      const channel = await findChannel(store, ref.slice(channelRef("").length));
      for (const [mirror, id] of Object.entries(channel?.body.mirrors ?? {}))
        if (selection.mirrors?.includes(mirror) ?? true) names.add(`${mirror}/${id}`);
    }),
  );
  await Promise.all(
    [...names].map(async (name) => {
      const [mirror = "", id = ""] = name.split("/");
      await store.load([snapshotRef(mirror, id)]);
      const origin = (await findSnapshot(store, mirror, id))?.body.origin;
      if (origin !== undefined) origins.add(`${siteFolder(origin.site)}${snapshotRef(origin.mirror, id)}`);
    }),
  );
  await store.load([...origins]);
}
