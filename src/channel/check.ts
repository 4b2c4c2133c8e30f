import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { listSnapshots, readSnapshot, storedMirrors, type Snapshot } from "../snapshot/snapshots.ts";
import { verifySnapshot, type BlobState, type Finding, type Verified } from "../snapshot/verify.ts";
import { checkRef } from "../store/refs.ts";
import type { Trust } from "../trust/contract.ts";
import { channelNames, channelRef, resolveId } from "./channels.ts";
import type { Site } from "./site.ts";

export interface CheckContext {
  readonly site: Site;
  find(ecosystem: string): Ecosystem | undefined;
  /** Today's trust of a mirror, for the revocations in it; undefined where the config no longer has the mirror. */
  today(mirror: string): Promise<Trust | undefined>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface Checked {
  readonly snapshots: readonly Verified[];
  /** Faults of the channels' own records. */
  readonly channels: readonly Finding[];
}

/**
 * Verifies the snapshots that are named (`MIRROR`: all of it; `MIRROR@X`), or everything, and puts each bad or lost blob into quarantine. Needs no network. A
 * fault is a finding; throws only where a name is unknown.
 */
export async function checkStore(context: CheckContext, targets: readonly string[]): Promise<Checked> {
  const { site } = context;
  const snapshots = await chosen(site, targets);
  const hashed = new Map<string, BlobState>();
  const done: Verified[] = [];
  for (const snapshot of snapshots) {
    const verified = await verifyOne(context, snapshot, hashed);
    // A finding has a sha256 where a blob is bad or lost; either way the next sync must know of it.
    const bad = new Set(verified.findings.map((finding) => finding.sha256));
    for (const sha256 of bad) if (sha256 !== undefined) await site.store.quarantine(sha256);
    done.push(verified);
  }
  return { snapshots: done, channels: targets.length === 0 ? await checkChannels(site) : [] };
}

async function verifyOne(
  context: CheckContext,
  snapshot: Snapshot,
  hashed: Map<string, BlobState>,
): Promise<Verified> {
  const { mirror, id, ecosystem: name, files, bytes, holes = [] } = snapshot.body;
  const ecosystem = context.find(name);
  if (ecosystem === undefined) {
    const message = `${mirror}@${id} is of the ecosystem '${name}', which this version does not know.`;
    return {
      mirror,
      id,
      files,
      bytes,
      holes: holes.length,
      claims: [],
      findings: [{ code: "verify_failed", message }],
    };
  }
  return verifySnapshot(
    {
      store: context.site.store,
      ecosystem,
      siteKey: async (fingerprint) => context.site.siteKey(fingerprint),
      today: await context.today(mirror),
      hashed,
      emit: context.emit,
      signal: context.signal,
    },
    snapshot,
  );
}

async function chosen(site: Site, targets: readonly string[]): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  const known = await storedMirrors(site.store);
  for (const target of targets.length === 0 ? known : targets) {
    const [mirror = "", x] = target.split("@");
    if (!known.includes(mirror)) {
      throw new SluiceError(
        "unknown_mirror",
        `There is no snapshot of a mirror '${mirror}': see \`sluice list\`.`,
      );
    }
    if (x === undefined) found.push(...(await listSnapshots(site.store, mirror)));
    else found.push(await readSnapshot(site.store, mirror, await resolveId(site.store, mirror, x)));
  }
  return found;
}

async function checkChannels(site: Site): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await channelNames(site.store)) {
    const faults = await checkRef(site.store, channelRef(name), async (fingerprint) =>
      site.siteKey(fingerprint),
    );
    findings.push(...faults.map((message) => ({ code: "ref_corrupt" as const, message })));
  }
  return findings;
}
