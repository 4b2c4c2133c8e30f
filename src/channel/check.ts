import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { readSnapshot, storedMirrors, surveySnapshots, type Snapshot } from "../snapshot/snapshots.ts";
import { verifySnapshot, type BlobState, type Finding, type Verified } from "../snapshot/verify.ts";
import { checkRef } from "../store/refs.ts";
import type { Trust } from "../trust/contract.ts";
import { channelNames, channelRef, findChannel, resolveId } from "./channels.ts";
import type { Site } from "./site.ts";
import { parseTarget } from "./targets.ts";
import { plantTree, reconcileTrees } from "./trees.ts";

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
  /** Faults of the records themselves: of snapshots that cannot be read, and of channels. */
  readonly records: readonly Finding[];
}

/**
 * Verifies the snapshots that are named (`MIRROR`: all of it; `MIRROR@X`), or everything, channels and trees included. Each bad or lost blob is put into
 * quarantine, and a tree that is not what its snapshot says is put right. Needs no network. A fault is a finding; throws only where a name is unknown.
 */
export async function checkStore(context: CheckContext, targets: readonly string[]): Promise<Checked> {
  const { site } = context;
  const records: Finding[] = [];
  const snapshots = await chosen(site, targets, records);
  const hashed = new Map<string, BlobState>();
  const done: Verified[] = [];
  for (const snapshot of snapshots) {
    const verified = await verifyOne(context, snapshot, hashed);
    // A finding has a sha256 where a blob is bad or lost; either way the next sync must know of it.
    const bad = new Set(verified.findings.map((finding) => finding.sha256));
    for (const sha256 of bad) if (sha256 !== undefined) await site.store.quarantine(sha256);
    done.push(verified.findings.length > 0 ? verified : await checkTree(site, snapshot, verified));
  }
  if (targets.length === 0) records.push(...(await checkChannels(site)), ...(await checkOtherRecords(site)));
  // Links that are gone are made again; what cannot be made has its finding above.
  await reconcileTrees(site);
  return { snapshots: done, records };
}

async function checkTree(site: Site, snapshot: Snapshot, verified: Verified): Promise<Verified> {
  const { trees } = site.store;
  if (trees === undefined) return verified;
  const wrong = await plantTree(site, trees, snapshot.body);
  const findings = wrong.map((path) => ({
    code: "tree_damaged" as const,
    path,
    message: `${verified.mirror}@${verified.id}: '${path}' under trees/ was missing or not the file of the snapshot; it has been put right.`,
  }));
  return { ...verified, findings };
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
      siteKey: context.site.siteKey,
      today: await context.today(mirror),
      hashed,
      emit: context.emit,
      signal: context.signal,
    },
    snapshot,
  );
}

async function chosen(site: Site, targets: readonly string[], records: Finding[]): Promise<Snapshot[]> {
  const { store } = site;
  const found: Snapshot[] = [];
  const known = await storedMirrors(store);
  for (const target of targets.length === 0 ? known : targets) {
    const { mirror, x } = parseTarget(target);
    if (!known.includes(mirror)) {
      throw new SluiceError(
        "unknown_mirror",
        `There is no snapshot of a mirror '${mirror}': see \`sluice list\`.`,
      );
    }
    if (x !== undefined) {
      found.push(await readSnapshot(store, mirror, await resolveId(store, mirror, x)));
      continue;
    }
    const { snapshots, faults } = await surveySnapshots(store, mirror);
    found.push(...snapshots);
    records.push(...faults.map((message) => ({ code: "ref_corrupt" as const, message })));
  }
  return found;
}

async function checkChannels(site: Site): Promise<Finding[]> {
  const { store } = site;
  const messages: string[] = [];
  for (const name of await channelNames(store)) {
    const faults = await checkRef(store, channelRef(name), site.siteKey);
    messages.push(...faults);
    if (faults.length > 0) continue;
    for (const [mirror, id] of Object.entries((await findChannel(store, name))?.body.mirrors ?? {})) {
      const { snapshots, faults: damaged } = await surveySnapshots(store, mirror);
      if (damaged.length > 0 || snapshots.some(({ body }) => body.id === id)) continue;
      messages.push(
        `Channel '${name}' points to ${mirror}@${id}, whose record is gone: restore refs/ from a backup.`,
      );
    }
  }
  return messages.map((message) => ({ code: "ref_corrupt", message }));
}

/** Decisions about keys, exports and imports, and whatever came from other sites: their hashes and signatures. */
async function checkOtherRecords(site: Site): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await site.store.listRefs("")) {
    if (/^(snapshots|channels)\//.test(name)) continue;
    const faults = await checkRef(site.store, name, site.siteKey);
    findings.push(...faults.map((message) => ({ code: "ref_corrupt" as const, message })));
  }
  return findings;
}
