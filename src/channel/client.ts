import { SluiceError } from "../base/errors.ts";
import { isSnapshotId } from "../base/names.ts";
import type { ClientSetup, ClientSnapshot, ClientWishes, Ecosystem } from "../ecosystems/contract.ts";
import { readManifest } from "../snapshot/manifest.ts";
import { listSnapshots, readSnapshot, type Snapshot } from "../snapshot/snapshots.ts";
import { recordedTrust } from "../snapshot/trust.ts";
import { snapshotUpstream } from "../snapshot/upstream.ts";
import type { ReadStore } from "../store/contract.ts";
import { Moved } from "../upstream/contract.ts";
import { resolveId } from "./channels.ts";

/** What set-up is asked for. */
export interface SetupRequest {
  readonly mirror: string;
  /** A channel, or a snapshot's id. */
  readonly channel: string;
  /** The site's URL without a final slash. */
  readonly base: string;
  readonly wishes: ClientWishes;
  /** In milliseconds since 1970. */
  readonly now: number;
}

type Find = (ecosystem: string) => Ecosystem | undefined;

/** Gives what `find` gives, or what it gave before under this key. */
export type Keep = <T>(key: string, find: () => Promise<T>) => Promise<T>;

/**
 * What a client host needs to use a mirror through a channel, or at a snapshot: by its id, or by a time that stands for the newest one that is not after it;
 * `channel` is the one that it is then. Throws `unknown_channel`, `unknown_snapshot`.
 */
export async function clientSetup(
  store: ReadStore,
  find: Find,
  request: SetupRequest,
): Promise<ClientSetup & { readonly channel: string }> {
  const { mirror, wishes } = request;
  const held = isSnapshotId(request.channel)
    ? await snapshotAt(store, mirror, request.channel)
    : await readSnapshot(store, mirror, await resolveId(store, mirror, request.channel));
  // Not every server takes a time in a URL.
  const channel = isSnapshotId(request.channel) ? held.body.id : request.channel;
  const snapshot = wishes.snapshot === undefined ? held : await snapshotAt(store, mirror, wishes.snapshot);
  const setup = await setupOf(store, find, snapshot, { ...request, channel }, async (_key, make) => make());
  return { ...setup, channel };
}

// The newest that is not after a time, as the server takes it in URLs.
async function snapshotAt(store: ReadStore, mirror: string, time: string): Promise<Snapshot> {
  const found = (await listSnapshots(store, mirror)).findLast(({ body }) => body.id <= time);
  if (found !== undefined) return found;
  throw new SluiceError(
    "unknown_snapshot",
    `Mirror '${mirror}' has no snapshot that is as old as ${time}: see \`sluice list\`.`,
  );
}

/** As clientSetup, of the snapshot that was found; `keep` may remember what was read of it. */
export async function setupOf(
  store: ReadStore,
  find: Find,
  snapshot: Snapshot,
  { mirror, channel, base, wishes, now }: SetupRequest,
  keep: Keep,
): Promise<ClientSetup> {
  const { body } = snapshot;
  const ecosystem = find(body.ecosystem);
  if (ecosystem === undefined) {
    throw new SluiceError(
      "config_invalid",
      `This version does not know the ecosystem '${body.ecosystem}' of '${mirror}'.`,
    );
  }
  try {
    return await ecosystem.client({
      mirror,
      channel,
      url: `${base}/${mirror}/${channel}`,
      setupUrl: /^https?:/.test(base) ? `${base}/_/setup/${mirror}/${channel}` : undefined,
      upstream: body.upstream,
      options: body.options,
      wishes,
      now,
      facts: async (learn) => keep(snapshot.sha256, async () => learn(await openForClients(store, snapshot))),
    });
  } catch (error) {
    throw error instanceof Moved ? error.otherwise : error;
  }
}

async function openForClients(store: ReadStore, { body }: Snapshot): Promise<ClientSnapshot> {
  const what = `${body.mirror}@${body.id}`;
  const entries = await readManifest(store, body.manifest, what);
  const manifest = new Map(entries.map((entry) => [entry.path, entry]));
  return {
    files: snapshotUpstream(store, manifest, what),
    trust: await recordedTrust(store, body.trust, undefined),
    has: (path) => manifest.has(path),
    holes: body.holes?.length ?? 0,
  };
}
