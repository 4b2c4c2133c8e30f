import { SluiceError } from "../base/errors.ts";
import type { ClientSetup, Ecosystem } from "../ecosystems/contract.ts";
import { readManifest } from "../snapshot/manifest.ts";
import { readSnapshot } from "../snapshot/snapshots.ts";
import { recordedTrust } from "../snapshot/trust.ts";
import { snapshotUpstream } from "../snapshot/upstream.ts";
import type { ReadStore } from "../store/contract.ts";
import { Moved } from "../upstream/contract.ts";
import { resolveId } from "./channels.ts";

/** What a client host needs to use a mirror through a channel (or at a snapshot's id); `base` is the site's URL without a final slash. */
export async function clientSetup(
  store: ReadStore,
  find: (ecosystem: string) => Ecosystem | undefined,
  mirror: string,
  channel: string,
  base: string,
): Promise<ClientSetup> {
  const id = await resolveId(store, mirror, channel);
  const { body } = await readSnapshot(store, mirror, id);
  const ecosystem = find(body.ecosystem);
  if (ecosystem === undefined) {
    throw new SluiceError(
      "config_invalid",
      `This version does not know the ecosystem '${body.ecosystem}' of '${mirror}'.`,
    );
  }
  const what = `${mirror}@${id}`;
  const manifest = new Map(
    (await readManifest(store, body.manifest.sha256, what)).map((entry) => [entry.path, entry]),
  );
  const context = {
    mirror,
    channel,
    url: `${base}/${mirror}/${channel}`,
    options: body.options,
    trust: await recordedTrust(store, body.trust, undefined),
    snapshot: snapshotUpstream(store, manifest, what),
    has: (path: string) => manifest.has(path),
  };
  try {
    return await ecosystem.client(context);
  } catch (error) {
    throw error instanceof Moved ? error.otherwise : error;
  }
}
