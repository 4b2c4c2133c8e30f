import { setImmediate } from "node:timers/promises";
import { asSluiceError, SluiceError } from "../base/errors.ts";
import { blobState, putAway, type Pass } from "../snapshot/blob-state.ts";
import { readManifest } from "../snapshot/manifest.ts";
import { findSnapshot, type Snapshot } from "../snapshot/snapshots.ts";
import { blobFinding, type Finding } from "../snapshot/verify.ts";
import { isGivenUp, recordFindings, treeFindings } from "./check.ts";
import type { Site } from "./site.ts";
import { badBlob } from "./where-used.ts";

/** A pass goes over all records, then all blobs, then all snapshots with their trees. */
const PHASES = ["records", "blobs", "snapshots"] as const;

/** How far a pass has come: all up to the name `after` is done. */
export interface ScrubPosition {
  readonly phase: (typeof PHASES)[number];
  readonly after: string;
}

export const SCRUB_BEGIN: ScrubPosition = { phase: "records", after: "" };

export interface ScrubContext {
  readonly site: Site;
  /** Awaited for all that is read, so that a pass can be slow. */
  readonly pass: Pass;
  readonly found: (finding: Finding) => void;
  /** Called after each step. */
  readonly moved: (position: ScrubPosition) => void;
  readonly signal: AbortSignal;
}

/**
 * One pass over a whole store, or the rest of one. Bad blobs go to quarantine, trees are put right; holds no lock but while it
 * does that to a tree. Does not ask whether the vendor's metadata vouch for the files, as verify does. Throws where the store
 * cannot be read, and the signal's reason.
 */
export async function scrubStore(context: ScrubContext, from: ScrubPosition = SCRUB_BEGIN): Promise<void> {
  // Each bad blob is told once, however many snapshots need it.
  const told = new Set<string>();
  const walks = { records, blobs, snapshots };
  for (const phase of PHASES.slice(PHASES.indexOf(from.phase))) {
    const after = phase === from.phase ? from.after : "";
    for await (const name of walks[phase](context, after, told)) {
      context.moved({ phase, after: name });
      context.signal.throwIfAborted();
    }
  }
}

/** How much of a pass is done, 0 to 1: by far the most of it are blobs, whose names are spread evenly. */
export function scrubProgress({ phase, after }: ScrubPosition): number {
  if (phase === "records") return 0;
  if (phase === "snapshots") return 0.99;
  return 0.01 + 0.98 * (Number.parseInt(after.slice(0, 8).padEnd(8, "0"), 16) / 2 ** 32);
}

/** What reading and checking one record is worth, in bytes of a blob. */
const RECORD = 64 * 1024;

async function* records({ site, pass, found }: ScrubContext, after: string): AsyncGenerator<string> {
  for (const name of await site.store.listRefs("")) {
    if (name <= after) continue;
    await pass(RECORD);
    for (const finding of await recordFindings(site, name)) found(finding);
    yield name;
  }
}

async function* blobs(context: ScrubContext, after: string, told: Set<string>): AsyncGenerator<string> {
  const { store } = context.site;
  for await (const { sha256, size } of store.listBlobs(after)) {
    if ((await blobState(store, sha256, size, context.pass)) === "blob_corrupt") {
      const finding = await badBlob(store, sha256);
      if (await quarantine(context, sha256)) {
        told.add(sha256);
        context.found(finding);
      }
    }
    yield sha256;
  }
}

/** False where it is sound by now. A store that cannot be written keeps its bad blob, which is told too. */
async function quarantine({ site, found }: ScrubContext, sha256: string): Promise<boolean> {
  try {
    return await putAway(site.store, sha256);
  } catch (error) {
    const { code, message } = asSluiceError(error);
    found({ code, message: `Blob ${sha256} cannot be put into quarantine: ${message}` });
    return true;
  }
}

async function* snapshots(context: ScrubContext, after: string, told: Set<string>): AsyncGenerator<string> {
  const { site } = context;
  for (const ref of await site.store.listRefs("snapshots/")) {
    const [, mirror = "", id = ""] = ref.split("/");
    if (ref <= after) continue;
    try {
      const snapshot = await findSnapshot(site.store, mirror, id);
      if (snapshot !== undefined) await checkSnapshot(context, snapshot, told);
    } catch (error) {
      if (!isToldBefore(error)) throw error;
    }
    yield ref;
  }
}

// A bad record or blob has its finding by now.
function isToldBefore(error: unknown): boolean {
  return error instanceof SluiceError && /^(ref_corrupt|blob_missing|blob_corrupt)$/.test(error.code);
}

// That the blobs are what they should be is known; here it is whether all are there, and the copies in the tree.
async function checkSnapshot(context: ScrubContext, snapshot: Snapshot, told: Set<string>): Promise<void> {
  const { site, pass, found } = context;
  const { mirror, id, manifest, trust } = snapshot.body;
  await pass(manifest.size);
  const keyrings = trust.kind === "keys" ? trust.keyrings : [];
  const vital = [
    { path: "the manifest", ...manifest },
    ...keyrings.map(({ name, sha256 }) => ({ path: name, sha256 })),
  ];
  const lost = await lostFrom(site, vital);
  const entries = lost.length > 0 ? [] : await readManifest(site.store, manifest, `${mirror}@${id}`);
  lost.push(...(await lostFrom(site, entries)));
  if (lost.length > 0 && (await isGivenUp(site.store, snapshot))) return;
  for (const { path, sha256 } of lost) {
    if (told.has(sha256)) continue;
    told.add(sha256);
    if (await quarantine(context, sha256)) found(blobFinding(mirror, id, "blob_missing", path, sha256));
  }
  if (lost.length > 0) return;
  const roots = entries.filter(({ kind }) => kind === "root");
  await pass(roots.reduce((sum, { size }) => sum + size, 0));
  for (const finding of await treeFindings(site, snapshot)) found(finding);
}

interface Needed {
  readonly path: string;
  readonly sha256: string;
}

async function lostFrom({ store }: Site, needed: readonly Needed[]): Promise<Needed[]> {
  const lost: Needed[] = [];
  for (const [at, one] of needed.entries()) {
    if ((at & 1023) === 1023) await setImmediate();
    if ((await store.statBlob(one.sha256)) === undefined) lost.push(one);
  }
  return lost;
}
