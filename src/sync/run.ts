import { setTimeout as sleep } from "node:timers/promises";
import canonicalize from "canonicalize";
import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { moveLatest } from "../channel/moves.ts";
import type { Site } from "../channel/site.ts";
import type { MirrorConfig } from "../config/types.ts";
import { manifestEntry, readManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import type { Hole } from "../snapshot/record.ts";
import { amendSnapshot, lastSnapshot, listSnapshots, type Snapshot } from "../snapshot/snapshots.ts";
import type { BlobInfo, WriteSession } from "../store/contract.ts";
import { assertSigned } from "../store/refs.ts";
import type { Trust } from "../trust/contract.ts";
import type { Entry, Transport } from "../upstream/contract.ts";
import { admit, type Admission } from "./admit.ts";
import { commitSnapshot, encodedAs, putManifest, putTrust, type Draft } from "./commit.ts";
import { fetchAll } from "./download-all.ts";
import { holdEmptied } from "./emptied.ts";
import { contentKey, isBadBlob, type Fetching } from "./fetch.ts";
import { holesOf, leniency, warnOfHoles, type Leniency } from "./missing.ts";
import { checkRoom, planFetch, type Plan } from "./plan.ts";
import { proveAll } from "./prove-all.ts";
import { provenBefore } from "./proven-before.ts";
import { publishTrees } from "./repair.ts";
import { Tries } from "./tries.ts";
import { liveUpstream, type LiveUpstream } from "./upstream.ts";
import { walk, type Walked } from "./walk.ts";

export interface SyncJob {
  readonly site: Site;
  readonly mirror: MirrorConfig;
  readonly trust: Trust;
  readonly sources: readonly Transport[];
  /** Files in flight at once. */
  readonly parallel: number;
  readonly allowExpired: boolean;
  readonly allowOlder: boolean;
  readonly allowRename: boolean;
  /** A mirror of many packages may come to have none. */
  readonly allowEmpty: boolean;
  /** Packages that no upstream has are left out, and recorded. */
  readonly allowMissing: boolean;
  /** Only say what there is to fetch. */
  readonly planOnly: boolean;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly received: (bytes: number) => void;
  /** How long to wait before the walk starts again, times the attempt; in ms. */
  readonly pauseMs: number;
}

export type SyncOutcome =
  | { readonly result: "updated" | "unchanged"; readonly snapshot: string; readonly holes?: number }
  | { readonly result: "planned"; readonly plan: Plan };

/** One sync of one mirror; the caller holds the mirror's lock. Throws SluiceErrors; the store is then as it was, but for blobs that the next run finds. */
export async function runSync(job: SyncJob): Promise<SyncOutcome> {
  const session = await job.site.store.begin();
  let outcome: SyncOutcome;
  try {
    outcome = await runWalks(job, session);
  } finally {
    await session.end();
  }
  if (outcome.result !== "planned") await publish(job);
  return outcome;
}

// What a killed run left undone after its record was written is done here too. Damage to another snapshot is told, but does not undo this sync.
async function publish({ site, mirror, emit }: SyncJob): Promise<void> {
  for (const message of await publishTrees(site)) {
    emit({ event: "warning", mirror: mirror.name, code: "blob_corrupt", message });
  }
}

async function runWalks(job: SyncJob, session: WriteSession): Promise<SyncOutcome> {
  const { site, mirror, emit } = job;
  const current = (await listSnapshots(site.store, mirror.name)).at(-1);
  const damaged = await site.store.quarantined();
  // What is missing may be there by now, though the roots are the same.
  const whole = current !== undefined && damaged.length === 0 && current.body.holes === undefined;
  const comparable = whole && sameOptions(job, current) ? current : undefined;
  const lenient = leniency(job.allowMissing, current?.body);
  const tries = new Tries(mirror.name, job.sources);
  for (let attempt = 1; ; attempt++) {
    emit({ event: "phase", mirror: mirror.name, phase: "roots" });
    const fetching: Fetching = {
      store: site.store,
      session,
      sources: tries.sources,
      answered: {},
      emit,
      signal: job.signal,
      received: job.received,
    };
    const upstream = liveUpstream(fetching, {
      previous: attempt === 1 ? comparable?.body : undefined,
      conditional: sameUpstream(job, current),
      fresh: attempt > 1,
    });
    try {
      return await attemptSync(job, fetching, upstream, { current, lenient });
    } catch (error) {
      const roots = upstream.rootsKey();
      const { told, pause } = tries.next(error, roots, upstream.rootsFrom(), (reason) =>
        lenient.settle(roots, reason),
      );
      if (pause) emit({ event: "restart", mirror: mirror.name, attempt, reason: told });
      else emit({ event: "warning", mirror: mirror.name, code: "notice", message: told });
      await sleep(pause ? job.pauseMs * attempt : 0, undefined, { signal: job.signal });
    }
  }
}

async function attemptSync(
  job: SyncJob,
  fetching: Fetching,
  upstream: LiveUpstream,
  { current, lenient }: { current: Snapshot | undefined; lenient: Leniency },
): Promise<SyncOutcome> {
  const { site, mirror, emit } = job;
  const accepted = site.clock();
  const { ecosystem, options } = mirror;
  const { trust, signal } = job;
  const last = await lastSnapshot(site.store, mirror.name);
  const admission: Admission = {
    trust,
    previous: last?.body.claims ?? [],
    now: accepted,
    allowExpired: job.allowExpired,
    allowOlder: job.allowOlder,
    allowRename: job.allowRename,
    renaming: ecosystem.renaming,
  };
  const walked = await walk(
    { mirror: mirror.name, ecosystem, options, trust, admission, emit, signal },
    upstream,
  );
  if (walked === "unchanged" && current !== undefined) {
    // An upstream that withholds updates answers "unchanged" for ever: what it has still expires.
    for (const claim of current.body.claims) admit(claim, admission);
    return finishUnchanged(job, current);
  }
  if (walked === "unchanged")
    throw new SluiceError("internal", "The walk said unchanged, but there is no snapshot.");
  // Its claims say what must not be gone behind.
  if (last !== undefined) await assertSigned(site.store, last, site.siteKey);
  if (current !== undefined && !job.allowEmpty) holdEmptied(current.body, walked.entries.values());
  emit({ event: "phase", mirror: mirror.name, phase: "plan" });
  const known = new Map([...upstream.read, ...(await putRoots(fetching.session, upstream, walked))]);
  const plan = await planFetch(site.store, walked.entries.values(), known);
  emit({
    event: "plan",
    mirror: mirror.name,
    files: plan.files,
    bytes: plan.bytes,
    fetchFiles: plan.missing.length,
    fetchBytes: plan.fetchBytes,
    freeBytes: plan.freeBytes,
  });
  if (job.planOnly) return { result: "planned", plan };
  checkRoom(plan, mirror.name);
  const roots = upstream.rootsKey();
  const lost = await fetchPlanned(job, fetching, plan, (entry) => lenient.mayMiss(roots, entry));
  const holes = holesOf(walked.entries, lost, mirror.name);
  const entries = await proveEntries(job, walked, plan.present, holes, current);
  return finishUpdated(job, fetching.session, { walked, entries, holes, upstream, accepted, current });
}

// Only now that the walk has proven them.
async function putRoots(
  session: WriteSession,
  upstream: LiveUpstream,
  walked: Walked,
): Promise<Map<string, BlobInfo>> {
  const put = new Map<string, BlobInfo>();
  for (const entry of walked.entries.values()) {
    const file = entry.kind === "root" ? upstream.rootFiles.get(entry.path) : undefined;
    if (file === undefined) continue;
    put.set(contentKey(entry), await session.putBlob(file.bytes, { digests: entry.digests }));
  }
  return put;
}

async function fetchPlanned(
  job: SyncJob,
  fetching: Fetching,
  plan: Plan,
  mayMiss: (entry: Entry) => boolean,
): Promise<ReadonlySet<string>> {
  const { emit, mirror } = job;
  emit({ event: "phase", mirror: mirror.name, phase: "fetch" });
  let files = 0;
  let bytes = 0;
  const received = (size: number): void => {
    fetching.received(size);
    files++;
    bytes += size;
    emit({
      event: "progress",
      mirror: mirror.name,
      files,
      totalFiles: plan.missing.length,
      bytes,
      totalBytes: plan.fetchBytes,
    });
  };
  return fetchAll({ ...fetching, received }, plan.missing, job.parallel, plan.present, mayMiss);
}

async function proveEntries(
  job: SyncJob,
  walked: Walked,
  blobs: ReadonlyMap<string, BlobInfo>,
  holes: readonly Hole[],
  current: Snapshot | undefined,
): Promise<ManifestEntry[]> {
  const missing = new Set(holes.map((hole) => hole.path));
  const { ecosystem, name } = job.mirror;
  job.emit({ event: "phase", mirror: name, phase: "check" });
  const manifest = new Map<string, ManifestEntry>();
  for (const entry of walked.entries.values()) {
    if (missing.has(entry.path)) continue;
    const blob = blobs.get(contentKey(entry));
    if (blob === undefined)
      throw new SluiceError("blob_missing", `'${entry.path}' went away during the sync.`);
    manifest.set(entry.path, manifestEntry(entry, blob));
  }
  const { store } = job.site;
  const context = { store, ecosystem, options: job.mirror.options, trust: job.trust };
  // Only an adapter's own proof is worth sparing: it reads the file.
  const spares = ecosystem.check !== undefined && current !== undefined && sameOptions(job, current);
  const isProven = spares ? await provenBefore(store, current) : () => false;
  const all = walked.entries.values();
  await proveAll(context, all, manifest, (held) => isProven(held, manifest), job.signal);
  return [...manifest.values()];
}

interface Proven {
  readonly walked: Walked;
  readonly entries: readonly ManifestEntry[];
  readonly holes: readonly Hole[];
  readonly upstream: LiveUpstream;
  readonly accepted: number;
  readonly current: Snapshot | undefined;
}

async function finishUpdated(job: SyncJob, session: WriteSession, proven: Proven): Promise<SyncOutcome> {
  const { site, mirror, emit } = job;
  emit({ event: "phase", mirror: mirror.name, phase: "commit" });
  warnOfHoles(emit, mirror.name, proven.holes);
  const draft: Draft = {
    mirror: mirror.name,
    ecosystem: mirror.ecosystem.id,
    mode: mirror.options.mode,
    upstream: job.sources.map((source) => source.name),
    options: mirror.options,
    acceptedAt: new Date(proven.accepted).toISOString(),
    trust: await putTrust(session, job.trust),
    claims: proven.walked.claims,
    ...(proven.holes.length > 0 && { holes: proven.holes }),
    roots: proven.entries
      .filter((entry) => entry.kind === "root")
      .map(({ path, sha256: digest }) => ({ path, sha256: digest, ...proven.upstream.validators.get(path) })),
  };
  const same = proven.current && (await sameContent(site, proven.current, proven.entries));
  if (same === true) await putManifest(session, proven.entries);
  if (same === true && proven.current !== undefined && equal(proven.current.body.options, draft.options)) {
    await session.barrier();
    await reaccept(site, proven.current, draft);
    return finishUnchanged(job, proven.current);
  }
  const snapshot = await commitSnapshot(site, session, draft, proven.entries);
  return { result: "updated", snapshot: snapshot.body.id, ...missingCount(proven.holes) };
}

// A run that was killed between record and channel left `latest` behind; and what nobody renews expires.
async function finishUnchanged(job: SyncJob, current: Snapshot): Promise<SyncOutcome> {
  const { site, mirror } = job;
  const { id, holes = [] } = current.body;
  await moveLatest(site, mirror.name, id);
  return { result: "unchanged", snapshot: id, ...missingCount(holes) };
}

function missingCount({ length }: readonly Hole[]): { holes?: number } {
  return length === 0 ? {} : { holes: length };
}

async function sameContent(
  site: Site,
  current: Snapshot,
  entries: readonly ManifestEntry[],
): Promise<boolean> {
  const { mirror, id, manifest } = current.body;
  try {
    const before = await readManifest(site.store, manifest, `${mirror}@${id}`);
    const held = new Map(before.map((one) => [one.path, one]));
    return held.size === entries.length && entries.every((one) => held.get(one.path)?.sha256 === one.sha256);
  } catch (error) {
    if (!isBadBlob(error)) throw error;
    await site.store.quarantine(manifest.sha256);
    return encodedAs(entries, manifest.sha256);
  }
}

// The same bytes, proven under another keyring or found at another upstream: the snapshot stays, its record says so.
async function reaccept(site: Site, current: Snapshot, draft: Draft): Promise<void> {
  const body = {
    ...current.body,
    trust: draft.trust,
    claims: draft.claims,
    upstream: draft.upstream,
    roots: draft.roots,
  };
  if (equal(body, current.body)) return;
  const change = { body, why: "sync: proven again", at: site.clock() };
  await amendSnapshot(site.store, await site.author(), current, change);
}

function sameOptions(job: SyncJob, current: Snapshot): boolean {
  const { options, trust } = current.body;
  return equal(options, job.mirror.options) && equal(trustKey(job.trust), recordedKey(trust));
}

function sameUpstream(job: SyncJob, current: Snapshot | undefined): boolean {
  return equal(
    current?.body.upstream,
    job.sources.map((source) => source.name),
  );
}

function trustKey(trust: Trust): unknown {
  if (trust.kind === "none") return trust;
  const { pinned, allowWeak, scope } = trust;
  return { kind: "keys", files: trust.files.map((file) => sha256(file.bytes)), pinned, allowWeak, scope };
}

function recordedKey(trust: Snapshot["body"]["trust"]): unknown {
  if (trust.kind === "none") return trust;
  const { pinned, allowWeak, scope } = trust;
  return { kind: "keys", files: trust.keyrings.map((file) => file.sha256), pinned, allowWeak, scope };
}

function equal(a: unknown, b: unknown): boolean {
  return canonicalize(a) === canonicalize(b);
}
