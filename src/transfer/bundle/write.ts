import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { sha256 } from "../../base/digest.ts";
import { IDENTITY, readIdentityRow, type IdentityRow } from "../../channel/identity-row.ts";
import type { Site } from "../../channel/site.ts";
import { loadCargo, type Selection } from "../cargo.ts";
import type { Cargo } from "../contract.ts";
import { exportsTo, writeExport } from "../export-record.ts";
import { assumedOf, type Assumed, type Assumption } from "./assume.ts";
import { draftBundle, newest, planOf, type Drafted } from "./draft.ts";
import {
  CHANNELS,
  CONTENTS,
  IDENTITY_FILE,
  KEYS_FILE,
  MANIFEST,
  SIGNATURE,
  SUMS,
  type BundleManifest,
  type BundlePart,
} from "./layout.ts";
import { isWritten, writePart } from "./parts.ts";
import { finished, syncFolder, writeDurable } from "./durable.ts";
import { roomIn } from "./room-in.ts";
import type { PartPlan } from "./plan.ts";
import { dropState, resumeState, saveState } from "./state.ts";

export interface BundleRequest extends EmitRequest {
  readonly selection: Selection;
  /** No file of the bundle is larger. */
  readonly partBytes: number;
  /** The name that the site which it is for has here. */
  readonly destination: string;
  readonly assumption: Assumption;
}

export interface EmitRequest {
  readonly folder: string;
  /** Further small files, by name: the report, the scripts. */
  extras(manifest: BundleManifest, cargo: Cargo, assumed: Assumed): Promise<ReadonlyMap<string, Buffer>>;
  readonly signal: AbortSignal;
  /** Called after each file, or piece of one, with its size. */
  onMember(bytes: number): void;
}

export interface BundleResult {
  readonly folder: string;
  readonly number: number;
  readonly bundle: string;
  readonly result: "written" | "unchanged";
  readonly channels: Cargo["channels"];
  readonly snapshots: readonly string[];
  readonly parts: number;
  readonly files: number;
  readonly bytes: number;
}

/** What is written of a bundle that was drafted: all of it, or these parts; 0 stands for the small files. */
export type Which = "all" | ReadonlySet<number>;

/**
 * Writes a bundle into a folder of its own. The same cargo for the same destination gives the same bytes; a run that was stopped is continued at the part. The signature
 * comes last, and makes it a bundle. Throws bundle_there, disk_full.
 */
export async function writeBundle(site: Site, request: BundleRequest): Promise<BundleResult> {
  const { destination, partBytes } = request;
  await site.author();
  const own = await ownRow(site);
  const cargo = await loadCargo(site.store, own.id, request.selection);
  const assumed = await assumedOf(site.store, destination, request.assumption);
  const created = await newest(site.store, cargo);
  const drafted = await draftBundle(site.store, { cargo, assumed, created, destination, partBytes });
  return emitBundle(site, drafted, await numberOf(site, destination, drafted.bundle), "all", request);
}

export async function ownRow(site: Site): Promise<IdentityRow> {
  const own = await readIdentityRow(site.store);
  if (own !== undefined) return own;
  throw new SluiceError("identity_lost", "The row of this site's keys is gone: restore refs/ from a backup.");
}

/** Writes what was drafted, or some of it, into a folder, and notes it as an export. Throws bundle_there, disk_full. */
export async function emitBundle(
  site: Site,
  drafted: Drafted,
  number: number,
  which: Which,
  request: EmitRequest,
): Promise<BundleResult> {
  const { folder } = request;
  const { bundle, cargo, contents, plan, assumed } = drafted;
  await mkdir(folder, { recursive: true });
  const isWhole = which === "all" || which.has(0);
  const there = isWhole ? await finished(folder) : undefined;
  if (there !== undefined && there !== bundle)
    throw new SluiceError(
      "bundle_there",
      `${folder} holds another bundle: give each one a folder of its own.`,
    );
  const snapshots = cargo.snapshots.map(({ mirror, id }) => `${mirror}@${id}`);
  const done = { channels: cargo.channels, snapshots, files: contents.files, bytes: contents.bytes };
  const written = which === "all" ? plan.length : [...which].filter((n) => n > 0).length;
  const told = { folder, number, bundle, parts: written, ...done };
  const to = { kind: "bundle" as const, name: folder };
  const as = {
    destination: drafted.draft.destination,
    bundle: { number, id: bundle, base: assumed.base, plan: planOf(drafted) },
  };
  if (there === bundle && which === "all") {
    // A run that was killed at its end has not written it down: the next bundle would have the same number.
    const known = (await exportsTo(site.store, as.destination)).some(
      ({ body }) => body.bundle?.id === bundle,
    );
    if (!known) await writeExport(site, to, done, as);
    return { ...told, result: "unchanged" };
  }
  const parts = await writeParts(site, request, drafted, which);
  if (isWhole) await writeSmall(site, request, drafted, number, parts);
  await syncFolder(folder);
  await writeExport(site, to, done, as);
  return { ...told, result: "written" };
}

async function writeSmall(
  site: Site,
  { folder, extras }: EmitRequest,
  { draft, bundle, cargo, assumed, plan, created }: Drafted,
  number: number,
  parts: readonly BundlePart[],
): Promise<void> {
  const author = await site.author();
  const own = await ownRow(site);
  const records = plan.filter(({ members }) => members.some(({ name }) => !name.startsWith("blobs/"))).length;
  const manifest: BundleManifest = { ...draft, bundle, number, records, parts: [...parts] };
  const small = new Map<string, Buffer>([
    [MANIFEST, Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`)],
    [IDENTITY_FILE, await identityFile(site)],
    [KEYS_FILE, Buffer.from(own.records.map(({ key }) => key.trimEnd()).join("\n") + "\n")],
    [CONTENTS, contentsFile(plan)],
    [CHANNELS, channelsFile(cargo)],
    ...(await extras(manifest, cargo, assumed)),
  ]);
  for (const [name, text] of small) await writeDurable(join(folder, name), text);
  const list = [...small]
    .map(([name, text]) => [name, sha256(text)] as const)
    .concat(parts.map((part) => [part.name, part.sha256] as const))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => `${digest}  ${name}\n`)
    .join("");
  await writeDurable(join(folder, SUMS), Buffer.from(list));
  await dropState(folder);
  await writeDurable(join(folder, SIGNATURE), Buffer.from(await author.sign(Buffer.from(list), created)));
}

function channelsFile({ channels }: Cargo): Buffer {
  const lines = channels.flatMap(({ name, mirrors }) =>
    Object.entries(mirrors).map(([mirror, id]) => `${name} ${mirror} ${id}\n`),
  );
  return Buffer.from(lines.join(""));
}

// The same content has the same number, however often it is written.
async function numberOf(site: Site, destination: string, bundle: string): Promise<number> {
  const bundles = (await exportsTo(site.store, destination))
    .map(({ body }) => body.bundle)
    .filter((one) => one !== undefined);
  return (
    bundles.find(({ id }) => id === bundle)?.number ?? 1 + Math.max(0, ...bundles.map(({ number }) => number))
  );
}

async function writeParts(
  site: Site,
  { folder, signal, onMember }: EmitRequest,
  { bundle, plan, contents, created }: Drafted,
  which: Which,
): Promise<BundlePart[]> {
  const before = which === "all" ? await resumeState(folder, bundle) : new Map<number, BundlePart>();
  const source = {
    store: site.store,
    texts: contents.texts,
    mtime: Math.floor(created / 1000),
    signal,
    onMember,
  };
  const parts: BundlePart[] = [];
  const missing: number[] = [];
  for (const [at, part] of plan.entries()) {
    const known = before.get(at + 1);
    if (known !== undefined && (await isWritten(folder, known, part))) parts.push(known);
    else missing.push(at + 1);
  }
  const wanted = missing.filter((n) => which === "all" || which.has(n));
  await roomIn(
    folder,
    wanted.reduce((sum, n) => sum + (plan[n - 1]?.size ?? 0), 0),
  );
  // The small files name all parts, also those that are not to be written.
  for (const n of which === "all" || which.has(0) ? missing : wanted) {
    const part = plan[n - 1];
    if (part === undefined) continue;
    parts.push(await writePart(wanted.includes(n) ? folder : undefined, n, part, source));
    if (which === "all") await saveState(folder, bundle, parts);
  }
  return parts.toSorted((a, b) => a.n - b.n);
}

async function identityFile(site: Site): Promise<Buffer> {
  const versions: string[] = [];
  for (const version of await site.store.refVersions(IDENTITY))
    versions.push(String(await site.store.readRef(IDENTITY, version)));
  return Buffer.from(`${JSON.stringify({ versions })}\n`);
}

function contentsFile(plan: readonly PartPlan[]): Buffer {
  const lines = plan.flatMap(({ members }, at) =>
    members.flatMap(({ item: { sha256: digest }, size, start }) =>
      digest === undefined ? [] : [`${at + 1} ${digest} ${start} ${size}\n`],
    ),
  );
  return Buffer.from(lines.join(""));
}
