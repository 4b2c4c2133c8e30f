import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { type IdentityRow } from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import { underStoreLock } from "../channel/moves.ts";
import { reconcileTrees } from "../channel/trees.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { findSnapshot } from "../snapshot/snapshots.ts";
import type { BlobState } from "../snapshot/blob-state.ts";
import type { WriteSession } from "../store/contract.ts";
import { loadCargo, type Selection } from "./cargo.ts";
import type { Cargo, Source } from "./contract.ts";
import { keptAt, lastImport, MOST_TAKEN, writeImport, type ImportRecord } from "./import-record.ts";
import { checkNames, namesHere } from "./names.ts";
import { proveSnapshot, type Proven } from "./prove.ts";
import { followChannels, lacksMirrors, type ChannelMove } from "./follow.ts";
import { expiredChannels } from "./stale.ts";
import { commitImported } from "./publish.ts";
import { roomFor } from "./room.ts";
import {
  bytesOf,
  lackingBlobs,
  lackingRecords,
  sendBlobs,
  sendRecords,
  sendRefs,
  type Blobs,
} from "./send.ts";
import { scanNew, scanRefused, type Scanner, type ScanVerdict } from "./scan.ts";
import { proveRecords, refuseReplay, trustedSender } from "./sender.ts";
import type { VendorKeys } from "./vendor.ts";

export interface ImportRequest {
  readonly selection: Selection;
  /** Their names of mirrors, and ours. */
  readonly as: ReadonlyMap<string, string>;
  readonly dryRun: boolean;
  readonly vendor: VendorKeys;
  find(ecosystem: string): Ecosystem | undefined;
  readonly scanner?: Scanner | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface ImportResult {
  /** The sender's id. */
  readonly site: string;
  readonly from: string;
  readonly result: "imported" | "unchanged" | "planned";
  /** `mirror@id` of those that are new here, by their names here. */
  readonly snapshots: readonly string[];
  readonly channels: readonly ChannelMove[];
  readonly files: number;
  readonly bytes: number;
  /** What an operator should know. */
  readonly notices: readonly string[];
}

/**
 * Takes what a source shows into this site: who sends is proven first, then what is missing is copied, each snapshot is proven from the vendor's key to the last
 * byte, and only then anything becomes visible. May be stopped at any byte and run again. Throws the errors of each step; nothing is published then.
 */
export async function importFrom(site: Site, source: Source, request: ImportRequest): Promise<ImportResult> {
  await using _held = await site.store.lock("import", "import", { waitMs: 600_000, signal: request.signal });
  const sender = await trustedSender(site, source);
  const cargo = await loadCargo(source.store, sender.id, request.selection, { partial: true });
  checkNames(cargo);
  await proveRecords(source, sender, cargo);
  await refuseReplay(site.store, sender.id, cargo, source.name);
  const before = await lastImport(site.store, sender.id);
  const names = await namesHere(site.store, sender.id, cargo, request.as, before);
  const lacking = await lackingBlobs(source.store, site.store, cargo);
  const bytes = bytesOf(lacking);
  const notices = expiredChannels(cargo, site.clock());
  if (!(await isNew(site, sender, cargo, names))) {
    // A run that was killed when all was written may have left the trees behind.
    if (!request.dryRun) {
      await noteBundles(site, sender, source, before);
      notices.push(...(await reconcileTrees(site)));
    }
    const nothing = { snapshots: [], channels: [], files: 0, bytes: 0 };
    return { site: sender.id, from: source.name, result: "unchanged", ...nothing, notices };
  }
  await roomFor(site.store, lacking, source.name);
  const planned = cargo.snapshots.map(({ mirror, id }) => `${names.get(mirror) ?? mirror}@${id}`);
  if (request.dryRun) {
    const missing = await source.explain(lacking);
    const done = { snapshots: planned, channels: [], files: lacking.size, bytes };
    return {
      site: sender.id,
      from: source.name,
      result: "planned",
      ...done,
      notices: [...notices, ...missing],
    };
  }
  const session = await site.store.begin();
  try {
    await fetchBlobs(source, session, cargo, lacking, request);
    await sendRecords(source.store, session, await lackingRecords(site.store, cargo));
    await session.barrier();
    const proven = await proveAll(site, session, source, cargo, names, new Set(lacking.keys()), request);
    await session.barrier();
    const scan = await scanAll(site, source, sender, names, before, proven, request);
    const made = await underStoreLock(site, async () => {
      await sendRefs(source.store, site.store, cargo.refs, keptAt(sender.id));
      return commitImported(site, sender.id, names, proven, source.name);
    });
    const following = { site, sender: sender.id, names, before, from: source.name };
    const { moves: channels, notices: left } = await followChannels(following, cargo);
    notices.push(...left);
    await writeImport(
      site,
      importRecord(sender, source, cargo.channels, names, before, made, {
        files: lacking.size,
        bytes,
        ...(scan && { scan }),
      }),
    );
    notices.push(...(await reconcileTrees(site)));
    return {
      site: sender.id,
      from: source.name,
      result: "imported",
      snapshots: made,
      channels,
      files: lacking.size,
      bytes,
      notices,
    };
  } finally {
    await session.end();
  }
}

async function isNew(
  site: Site,
  sender: IdentityRow,
  cargo: Cargo,
  names: ReadonlyMap<string, string>,
): Promise<boolean> {
  const kept = keptAt(sender.id);
  for (const { name, versions } of cargo.refs) {
    const last = versions.at(-1);
    if (last !== undefined && ((await site.store.refVersions(kept(name))).at(-1) ?? 0) < last) return true;
  }
  for (const { mirror, id } of cargo.snapshots)
    if ((await findSnapshot(site.store, names.get(mirror) ?? mirror, id)) === undefined) return true;
  // What a kill left undone: the channel's move, or the record of the import.
  const done = (await lastImport(site.store, sender.id))?.channels ?? {};
  if (cargo.channels.some(({ name, version }) => (done[name] ?? 0) < version)) return true;
  return lacksMirrors(site.store, cargo, names);
}

async function fetchBlobs(
  source: Source,
  session: WriteSession,
  cargo: Cargo,
  lacking: Blobs,
  { emit, signal }: ImportRequest,
): Promise<void> {
  const mirror = cargo.snapshots.map((snapshot) => snapshot.mirror).join(", ");
  const [totalFiles, totalBytes] = [lacking.size, bytesOf(lacking)];
  let [files, bytes] = [0, 0];
  emit({ event: "phase", mirror, phase: "fetch" });
  const onBlob = (size: number): void => {
    files++;
    bytes += size;
    emit({ event: "progress", mirror, files, totalFiles, bytes, totalBytes });
  };
  const missing = await sendBlobs(source, session, lacking, { signal, onBlob });
  const [fault] = source.faults();
  if (missing.size === 0 && fault === undefined) return;
  await session.barrier();
  if (missing.size === 0) throw new SluiceError("bundle_damaged", `${fault} What was sound is kept.`);
  const reasons = await source.explain(missing);
  throw new SluiceError("import_incomplete", `${missing.size} files are missing. ${reasons.join(" ")}`);
}

async function proveAll(
  site: Site,
  session: WriteSession,
  source: Source,
  cargo: Cargo,
  names: ReadonlyMap<string, string>,
  arrived: ReadonlySet<string>,
  { vendor, find, emit, signal }: ImportRequest,
): Promise<Proven[]> {
  const hashed = new Map<string, BlobState>();
  // What has just arrived was hashed on its way.
  for (const sha256 of arrived) hashed.set(sha256, "sound");
  const context = { site, session, records: source.store, vendor, find, hashed, emit, signal };
  const proven: Proven[] = [];
  for (const { mirror, id } of cargo.snapshots) {
    const ours = names.get(mirror) ?? mirror;
    if ((await findSnapshot(site.store, ours, id)) === undefined)
      proven.push(await proveSnapshot(context, mirror, ours, id));
  }
  return proven;
}

/** Has the new files looked at. What is refused is noted, and ends the import before anything of it shows. */
async function scanAll(
  site: Site,
  source: Source,
  sender: IdentityRow,
  names: ReadonlyMap<string, string>,
  before: ImportRecord | undefined,
  proven: readonly Proven[],
  { scanner, signal }: ImportRequest,
): Promise<ScanVerdict | undefined> {
  if (scanner === undefined) return undefined;
  const snapshots = proven.map(({ snapshot: { body } }) => ({
    mirror: names.get(body.mirror) ?? body.mirror,
    id: body.id,
    manifest: body.manifest,
  }));
  const scan = await scanNew(site.store, scanner, snapshots, signal);
  if (scan.refused.length === 0) return scan;
  const refused = importRecord(sender, source, [], new Map(), before, [], { files: 0, bytes: 0, scan });
  await writeImport(site, { ...refused, bundles: before?.bundles ?? [], taken: before?.taken ?? [] });
  throw scanRefused(scan, source.name);
}

/** A bundle that brought nothing has come too: it is neither missing nor to be read again. */
async function noteBundles(
  site: Site,
  sender: IdentityRow,
  source: Source,
  before: ImportRecord | undefined,
): Promise<void> {
  if ((source.bundles ?? []).every((number) => before?.bundles.includes(number) === true)) return;
  await writeImport(site, importRecord(sender, source, [], new Map(), before, [], { files: 0, bytes: 0 }));
}

function importRecord(
  sender: IdentityRow,
  source: Source,
  moved: Cargo["channels"],
  names: ReadonlyMap<string, string>,
  before: ImportRecord | undefined,
  snapshots: readonly string[],
  brought: Pick<ImportRecord, "files" | "bytes" | "scan">,
): ImportRecord {
  const channels = Object.fromEntries(moved.map(({ name, version }) => [name, version]));
  const bundles = [...new Set([...(before?.bundles ?? []), ...(source.bundles ?? [])])].toSorted(
    (a, b) => a - b,
  );
  const taken = [...new Set([...(before?.taken ?? []), ...(source.bundleIds ?? [])])].slice(-MOST_TAKEN);
  return {
    site: sender.id,
    from: { kind: source.kind, name: source.name, ...(source.bundles && { bundles: source.bundles }) },
    channels: { ...before?.channels, ...channels },
    mirrors: { ...before?.mirrors, ...Object.fromEntries(names) },
    snapshots,
    bundles,
    taken,
    ...brought,
  };
}
