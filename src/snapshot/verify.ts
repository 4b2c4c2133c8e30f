import { createHash } from "node:crypto";
import { asSluiceError, SluiceError, type ErrorCode } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { strongest } from "../base/digest.ts";
import type { Claim, Ecosystem } from "../ecosystems/contract.ts";
import type { ReadStore } from "../store/contract.ts";
import { checkRef, type FindKey } from "../store/refs.ts";
import type { Trust } from "../trust/contract.ts";
import { Moved, type Entry } from "../upstream/contract.ts";
import { blobState, type BlobState } from "./blob-state.ts";
import { findHole, holesByPath } from "./holes.ts";
import { judgeSigners } from "./judge.ts";
import { readManifest, type ManifestEntry } from "./manifest.ts";
import type { SnapshotRecord } from "./record.ts";
import type { Snapshot } from "./snapshots.ts";
import { recordedTrust } from "./trust.ts";
import { entryFault, snapshotUpstream } from "./upstream.ts";

/** One fault; `sha256` is given where a blob is bad, so that it can be put in quarantine. */
export interface Finding {
  readonly code: ErrorCode;
  readonly message: string;
  readonly path?: string | undefined;
  readonly sha256?: string | undefined;
}

export interface Verified {
  readonly mirror: string;
  readonly id: string;
  readonly findings: readonly Finding[];
  readonly files: number;
  readonly bytes: number;
  /** Packages that the record says are missing. */
  readonly holes: number;
  /** As proven now; empty where the walk did not come to an end. */
  readonly claims: readonly Claim[];
}

export interface VerifyContext {
  readonly store: ReadStore;
  readonly ecosystem: Ecosystem;
  readonly siteKey: FindKey;
  /** The record's hashes and signatures were checked already. */
  readonly isRecordProven?: boolean | undefined;
  /** Today's key files of the mirror, for the revocations in them. */
  readonly today?: Trust | undefined;
  /** Blobs that were hashed already in this run: sound or not. */
  readonly hashed: Map<string, BlobState>;
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
}

/**
 * From the site's signature over the record to the last byte, with no network: the ref, every blob, then the adapter's own walk over the snapshot under
 * the trust that was recorded, judged at the time of acceptance. Age is no fault.
 */
export async function verifySnapshot(context: VerifyContext, snapshot: Snapshot): Promise<Verified> {
  const record = snapshot.body;
  const what = `${record.mirror}@${record.id}`;
  const findings: Finding[] = [];
  if (context.isRecordProven !== true)
    for (const message of await checkRef(context.store, snapshot.ref, context.siteKey))
      findings.push({ code: "ref_corrupt", message });
  const { mirror, id, files, bytes, holes = [] } = record;
  const done = { mirror, id, findings, files, bytes, holes: holes.length };
  // What an altered record names must not be put into quarantine on its word.
  if (findings.length > 0) return { ...done, claims: [] };
  const vital = await vitalFault(context, record);
  if (vital !== undefined) {
    findings.push(vital);
    return { ...done, claims: [] };
  }
  let manifest: ManifestEntry[];
  let trust: Trust;
  try {
    manifest = await readManifest(context.store, record.manifest, what);
    trust = await recordedTrust(context.store, record.trust, context.today);
  } catch (error) {
    const known = asSluiceError(error);
    findings.push({ code: known.code, message: `${what}: ${known.message}` });
    return { ...done, claims: [] };
  }
  await checkBlobs(context, what, manifest, findings);
  if (findings.length > 0) return { ...done, claims: [] };
  try {
    const claims = await walkAgain(context, snapshot, manifest, trust, findings);
    return { ...done, claims };
  } catch (error) {
    // Over a snapshot nothing moves: what the walk could not reconcile is the fault.
    const known = asSluiceError(error instanceof Moved ? error.otherwise : error);
    findings.push({ code: known.code, message: `${what}: ${known.message}` });
    return { ...done, claims: [] };
  }
}

async function stateOnce(
  { store, hashed }: VerifyContext,
  sha256: string,
  expected: number | undefined,
): Promise<BlobState> {
  const known = hashed.get(sha256);
  if (known !== undefined) return known;
  const state = await blobState(store, sha256, expected);
  hashed.set(sha256, state);
  return state;
}

async function checkBlobs(
  context: VerifyContext,
  what: string,
  manifest: readonly ManifestEntry[],
  findings: Finding[],
): Promise<void> {
  const [mirror = "", id = ""] = what.split("@");
  const totalBytes = manifest.reduce((sum, entry) => sum + entry.size, 0);
  context.emit({ event: "phase", mirror, phase: "check" });
  let bytes = 0;
  for (const [at, entry] of manifest.entries()) {
    context.signal?.throwIfAborted();
    const state = await stateOnce(context, entry.sha256, entry.size);
    bytes += entry.size;
    context.emit({
      event: "progress",
      mirror,
      files: at + 1,
      totalFiles: manifest.length,
      bytes,
      totalBytes,
    });
    if (state === "sound") continue;
    findings.push(blobFinding(mirror, id, state, entry.path, entry.sha256));
  }
}

async function walkAgain(
  context: VerifyContext,
  snapshot: Snapshot,
  manifest: readonly ManifestEntry[],
  trust: Trust,
  findings: Finding[],
): Promise<Claim[]> {
  const { ecosystem, store } = context;
  const record = snapshot.body;
  const what = `${record.mirror}@${record.id}`;
  const unseen = new Map(manifest.map((entry) => [entry.path, entry]));
  const byPath = new Map(unseen);
  const holes = holesByPath(record);
  const unseenHoles = new Set(holes.keys());
  const claims: Claim[] = [];
  const fault = (path: string, text: string): void => {
    findings.push({
      code: "manifest_invalid",
      message: `${what}: '${path}' ${text}: do not use the snapshot.`,
      path,
    });
  };
  for await (const step of ecosystem.enumerate(
    snapshotUpstream(store, byPath, what),
    record.options,
    trust,
  )) {
    if (step === "unchanged" || "filtered" in step) continue;
    if ("claim" in step) {
      judgeSigners(step.claim, trust, Date.parse(record.acceptedAt), false);
      claims.push(step.claim);
      continue;
    }
    const held = byPath.get(step.entry.path);
    unseen.delete(step.entry.path);
    if (held === undefined) {
      if (findHole(holes, step.entry) !== undefined) {
        unseenHoles.delete(step.entry.path);
        continue;
      }
      fault(step.entry.path, "is signed for, but not in the manifest");
      continue;
    }
    const differs = entryFault(step.entry, held) ?? (await digestsFault(store, step.entry, held));
    if (differs !== undefined) fault(step.entry.path, differs);
    else await checkEntry({ store, ecosystem, options: record.options, trust }, step.entry, held, byPath);
  }
  for (const path of unseenHoles)
    fault(path, "is recorded as missing, but is not a package that is listed and missing");
  for (const path of unseen.keys()) fault(path, "is in the manifest, but nothing signed vouches for it");
  return claims;
}

/** What the proof of a single file hangs on. */
export interface ProofOfEntry {
  readonly store: ReadStore;
  readonly ecosystem: Ecosystem;
  readonly options: SnapshotRecord["options"];
  readonly trust: Trust;
}

/** Runs the adapter's own proof of a file, where it has one; throws what it throws. */
export async function checkEntry(
  context: ProofOfEntry,
  entry: Entry,
  held: ManifestEntry,
  manifest: ReadonlyMap<string, ManifestEntry>,
): Promise<void> {
  const { ecosystem, store, options, trust } = context;
  if (ecosystem.check === undefined) {
    if (strongest(entry.digests) !== undefined || entry.kind === "root") return;
    throw new SluiceError(
      "weak_digest",
      `'${entry.path}' has no strong digest and nothing else proves it: refused.`,
    );
  }
  const proof = entry.evidence === undefined ? undefined : manifest.get(entry.evidence);
  const evidence = proof === undefined ? undefined : await store.readBlob(proof.sha256);
  await ecosystem.check(entry, bytesOf(store, held.sha256), trust, evidence, options);
}

// Opened only where it is read, and closed wherever that ends.
async function* bytesOf(store: ReadStore, sha256: string): AsyncGenerator<Uint8Array> {
  yield* await store.openBlob(sha256);
}

// The name of a blob proves SHA-256; where the vendor signed only another digest, that one is hashed too.
async function digestsFault(
  store: ReadStore,
  entry: Entry,
  held: ManifestEntry,
): Promise<string | undefined> {
  const best = entry.digests.sha256 === undefined ? strongest(entry.digests) : undefined;
  if (best === undefined) return undefined;
  const hash = createHash(best.algorithm);
  for await (const chunk of await store.openBlob(held.sha256)) hash.update(chunk as Uint8Array);
  return hash.digest("hex") === best.hex ? undefined : "is not the file that was signed";
}

// The manifest and the key files are no entries, but without them nothing can be proven.
async function vitalFault(context: VerifyContext, record: SnapshotRecord): Promise<Finding | undefined> {
  const keyrings = record.trust.kind === "keys" ? record.trust.keyrings : [];
  const vital = [
    { path: "the manifest", ...record.manifest },
    ...keyrings.map((file) => ({ path: file.name, sha256: file.sha256 })),
  ];
  for (const { path, sha256 } of vital) {
    const state = await stateOnce(context, sha256, undefined);
    if (state !== "sound") return blobFinding(record.mirror, record.id, state, path, sha256);
  }
  return undefined;
}

/** A bad blob that a snapshot has at this path. */
export function blobFinding(
  mirror: string,
  id: string,
  code: "blob_missing" | "blob_corrupt",
  path: string,
  sha256: string,
): Finding {
  const fault = code === "blob_missing" ? "is not in the store" : "has changed in the store";
  const message = `${mirror}@${id}: '${path}' (blob ${sha256}) ${fault}: run \`sluice sync ${mirror}\` to repair it.`;
  return { code, message, path, sha256 };
}
