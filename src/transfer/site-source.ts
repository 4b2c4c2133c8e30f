import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { IDENTITY } from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import type { ReadStore } from "../store/contract.ts";
import { STORE_PATH } from "../store/http/protocol.ts";
import { httpStore } from "../store/http/open.ts";
import { fetchEntry } from "../sync/fetch.ts";
import { Moved, type Transport } from "../upstream/contract.ts";
import type { Selection } from "./cargo.ts";
import type { AskedSource } from "./contract.ts";
import { keptAt } from "./import-record.ts";
import { loadAhead } from "./load-ahead.ts";
import { capital, trustedSender } from "./sender.ts";
import { siteWeb } from "./site-web.ts";

export interface SiteAddress {
  /** As messages call it: `the site 'hq' (https://mirror.example.org/)`. */
  readonly name: string;
  /** To its URL. */
  readonly transport: Transport;
  /** How many files may be asked for at a time. */
  readonly lanes: number;
}

/** Opens another site's store for import; what is to travel of its records has come when this returns. Throws store_foreign, sender_untrusted, and what the transport throws. */
export async function siteSource(
  site: Site,
  { name, transport, lanes }: SiteAddress,
  selection: Selection,
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<AskedSource> {
  let kept: ReturnType<typeof keptAt> | undefined;
  const remote = httpStore(siteWeb(transport, signal, emit), {
    // Each record names the hash of the one before: what had come before need not come again to be proven.
    known: async (ref, version) => (kept === undefined ? undefined : site.store.readRef(kept(ref), version)),
  });
  if ((await remote.refVersions(IDENTITY)).length === 0)
    throw new SluiceError(
      "store_foreign",
      `${capital(name)} holds nothing yet: it has never synced or imported.`,
    );
  // A stranger is asked for its keys, and for no more.
  const sender = await trustedSender(site, { store: remote, name, kind: "site" });
  kept = keptAt(sender.id);
  await loadAhead(remote, selection);
  const absent = new Set<string>();
  const bad = new Set<string>();
  const answered = {};
  return {
    name,
    kind: "site",
    store: ownFirst(site.store, remote),
    lanes,
    async fetch(session, sha256, size, stop) {
      const fetching = {
        store: site.store,
        session,
        sources: [transport],
        answered,
        emit,
        signal: stop,
        received: () => undefined,
      };
      const at = `${STORE_PATH}/blobs/${sha256}`;
      try {
        const entry = { path: at, from: at, kind: "package" as const, digests: { sha256 }, size };
        if ((await fetchEntry(fetching, entry)) !== undefined) return true;
        absent.add(sha256);
      } catch (error) {
        if (!(error instanceof Moved)) throw error;
        bad.add(sha256);
      }
      return false;
    },
    faults: () => [],
    async explain(lacking) {
      const among = (some: ReadonlySet<string>): number => [...some].filter((one) => lacking.has(one)).length;
      const [gone, wrong] = [among(absent), among(bad)];
      return [
        ...(gone > 0
          ? [
              `${name} no longer has ${gone} of them: run it again; if they stay away, run \`sluice verify\` there.`,
            ]
          : []),
        ...(wrong > 0
          ? [
              `${name} sends other bytes for ${wrong} of them: run \`sluice verify\` there, and see what stands between.`,
            ]
          : []),
      ].map(capital);
    },
  };
}

/** Manifests and key files that are bytes held in memory at most; they are read to plan, and once more to be kept. */
const HELD_BYTES = 256 * 2 ** 20;

/** The records of the other site; blobs that are sound here already are not asked for. */
function ownFirst(own: ReadStore, remote: ReadStore): ReadStore {
  const held = new Map<string, Buffer>();
  let bytes = 0;
  return {
    ...remote,
    async readBlob(sha256, maxSize) {
      const there = held.get(sha256) ?? (await own.readBlob(sha256, maxSize).catch(notThere));
      if (there !== undefined) return there;
      const fetched = await remote.readBlob(sha256, maxSize);
      if ((bytes += fetched.length) <= HELD_BYTES) held.set(sha256, fetched);
      return fetched;
    },
  };
}

function notThere(error: unknown): undefined {
  // What is longer than it should be has changed.
  if (error instanceof SluiceError && /^(blob_missing|blob_corrupt|too_large)$/.test(error.code))
    return undefined;
  throw error;
}
