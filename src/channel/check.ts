import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { blobState, putAway, type BlobState } from "../snapshot/blob-state.ts";
import { findSnapshot, readSnapshot, storedMirrors, surveySnapshots } from "../snapshot/snapshots.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import { verifySnapshot, type Finding, type Verified } from "../snapshot/verify.ts";
import { checkRef } from "../store/refs.ts";
import type { Trust } from "../trust/contract.ts";
import type { ReadStore } from "../store/contract.ts";
import { findChannel, resolveId } from "./channels.ts";
import type { Site } from "./site.ts";
import { parseTarget } from "./targets.ts";
import { reconcileTrees, rightTree } from "./trees.ts";
import { badBlob } from "./where-used.ts";

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
  /** Faults of what is of no one snapshot: records that cannot be read or are of channels, and blobs that no snapshot needs. */
  readonly records: readonly Finding[];
}

/**
 * Verifies the snapshots that are named (`MIRROR`: all of it; `MIRROR@X`), or everything: all records and blobs, channels and trees. Each bad or lost blob is
 * put into quarantine, and a tree that is not what its snapshot says is put right. Needs no network. A fault is a finding; throws where a name is unknown,
 * and where the store cannot be read.
 */
export async function checkStore(context: CheckContext, targets: readonly string[]): Promise<Checked> {
  const { site } = context;
  const { store } = site;
  const records: Finding[] = [];
  const snapshots = await chosen(site, targets, records);
  const hashed = new Map<string, BlobState>();
  const done: Verified[] = [];
  for (const snapshot of snapshots) {
    const verified = await verifyOne(context, snapshot, hashed);
    if (verified.findings.length > 0 && (await isGivenUp(store, snapshot))) continue;
    // A finding has a sha256 where a blob is bad or lost; either way the next sync must know of it.
    const bad = new Set(verified.findings.map((finding) => finding.sha256));
    for (const sha256 of bad) if (sha256 !== undefined) await putAway(store, sha256);
    done.push(verified.findings.length > 0 ? verified : await checkTree(site, snapshot, verified));
  }
  if (targets.length === 0) {
    const checked = new Set(snapshots.map(({ ref }) => ref));
    records.push(...(await checkRecords(site, checked)), ...(await checkOtherBlobs(context, hashed)));
  }
  // Links that are gone are made again; what cannot be made has its finding above.
  await reconcileTrees(site, { refreshGrace: true });
  return { snapshots: done, records: [...new Map(records.map((one) => [one.message, one])).values()] };
}

/** True where another process has given the snapshot up since it was read: gc may have deleted files of it. */
export async function isGivenUp(store: ReadStore, { body, ref }: Snapshot): Promise<boolean> {
  if ((await store.refVersions(ref)).length === 0) return false;
  try {
    return (await findSnapshot(store, body.mirror, body.id)) === undefined;
  } catch (error) {
    if (error instanceof SluiceError) return false;
    throw error;
  }
}

async function checkTree(site: Site, snapshot: Snapshot, verified: Verified): Promise<Verified> {
  return { ...verified, findings: await treeFindings(site, snapshot) };
}

/** Puts a snapshot's tree right, and tells what was wrong with it. */
export async function treeFindings(site: Site, { body }: Snapshot): Promise<Finding[]> {
  const wrong = await rightTree(site, body);
  return wrong.map((path) => ({
    code: "tree_damaged",
    path,
    message: `${body.mirror}@${body.id}: '${path}' under trees/ was missing or not the file of the snapshot; it has been put right.`,
  }));
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

async function checkRecords(site: Site, checked: ReadonlySet<string>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await site.store.listRefs(""))
    if (!checked.has(name)) findings.push(...(await recordFindings(site, name)));
  return findings;
}

/** What is wrong with one record: its numbers, hashes and signatures, and of a channel, that it points to what is gone. */
export async function recordFindings(site: Site, name: string): Promise<Finding[]> {
  const { store } = site;
  const messages = await checkRef(store, name, site.siteKey);
  const channel = name.startsWith("channels/") ? name.slice("channels/".length) : undefined;
  if (messages.length === 0 && channel !== undefined) messages.push(...(await lostTargets(store, channel)));
  return messages.map((message) => ({ code: "ref_corrupt", message }));
}

async function lostTargets(store: ReadStore, channel: string): Promise<string[]> {
  const messages: string[] = [];
  const now = await findChannel(store, channel);
  for (const [mirror, id] of Object.entries(now?.body.mirrors ?? {})) {
    const { snapshots, faults } = await surveySnapshots(store, mirror);
    if (faults.length > 0 || snapshots.some(({ body }) => body.id === id)) continue;
    messages.push(
      `Channel '${channel}' points to ${mirror}@${id}, whose record is gone: restore refs/ from a backup.`,
    );
  }
  if (messages.length === 0) return messages;
  // It may have moved on meanwhile, and the snapshot been given up.
  return (await findChannel(store, channel))?.version === now?.version
    ? messages
    : lostTargets(store, channel);
}

// What no snapshot needs now, the next one may: a sync takes what is there by its name and size.
async function checkOtherBlobs(
  { site: { store }, signal }: CheckContext,
  hashed: ReadonlyMap<string, BlobState>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { sha256, size } of store.listBlobs()) {
    signal.throwIfAborted();
    if (hashed.has(sha256) || (await blobState(store, sha256, size)) !== "blob_corrupt") continue;
    findings.push(await badBlob(store, sha256));
    await putAway(store, sha256);
  }
  return findings;
}
