import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, stat, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { sha256 } from "../../base/digest.ts";
import { IDENTITY, readIdentityRow } from "../../channel/identity-row.ts";
import type { Site } from "../../channel/site.ts";
import { channelRef } from "../../channel/channels.ts";
import { snapshotRef } from "../../snapshot/snapshots.ts";
import { latestRef } from "../../store/refs.ts";
import { loadCargo, type Selection } from "../cargo.ts";
import type { Cargo } from "../contract.ts";
import { exportsTo, writeExport } from "../export-record.ts";
import { assumedOf, type Assumed, type Assumption } from "./assume.ts";
import { contentsOf, type Contents } from "./contents.ts";
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
import { planParts, type PartPlan } from "./plan.ts";
import { dropState, resumeState, saveState } from "./state.ts";

export interface BundleRequest {
  readonly folder: string;
  readonly selection: Selection;
  /** No file of the bundle is larger. */
  readonly partBytes: number;
  /** The name that the site which it is for has here. */
  readonly destination: string;
  readonly assumption: Assumption;
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

/**
 * Writes a bundle into a folder of its own. The same cargo for the same destination gives the same bytes; a run that was stopped is continued at the part. The signature
 * comes last, and makes it a bundle. Throws bundle_there, disk_full.
 */
export async function writeBundle(site: Site, request: BundleRequest): Promise<BundleResult> {
  const { folder, destination } = request;
  const author = await site.author();
  const own = await readIdentityRow(site.store);
  if (own === undefined)
    throw new SluiceError(
      "identity_lost",
      "The row of this site's keys is gone: restore refs/ from a backup.",
    );
  const cargo = await loadCargo(site.store, own.id, request.selection);
  const assumed = await assumedOf(site.store, destination, request.assumption);
  const contents = await contentsOf(site.store, cargo, assumed.blobs);
  const plan = planParts(contents.items, request.partBytes);
  const created = await newest(site, cargo);
  const draft = draftOf(cargo, contents, assumed, destination, created);
  const bundle = sha256(
    JSON.stringify([
      draft,
      contents.items.map(({ name, size }) => [name, size]),
      request.partBytes,
      textDigest(contents),
    ]),
  );
  await mkdir(folder, { recursive: true });
  const there = await finished(folder);
  if (there !== undefined && there !== bundle)
    throw new SluiceError(
      "bundle_there",
      `${folder} holds another bundle: give each one a folder of its own.`,
    );
  const number = await numberOf(site, destination, bundle);
  const snapshots = cargo.snapshots.map(({ mirror, id }) => `${mirror}@${id}`);
  const { files, bytes } = contents;
  const done = { channels: cargo.channels, snapshots, files, bytes };
  const told = { folder, number, bundle, parts: plan.length, ...done };
  const to = { kind: "bundle" as const, name: folder };
  const as = { destination, bundle: { number, id: bundle, base: assumed.base } };
  if (there === bundle) {
    // A run that was killed at its end has not written it down: the next bundle would have the same number.
    const known = (await exportsTo(site.store, destination)).some(({ body }) => body.bundle?.id === bundle);
    if (!known) await writeExport(site, to, done, as);
    return { ...told, result: "unchanged" };
  }
  const parts = await writeParts(site, request, bundle, plan, contents, created);
  const records = plan.filter(({ members }) => members.some(({ name }) => !name.startsWith("blobs/"))).length;
  const manifest: BundleManifest = { ...draft, bundle, number, records, parts };
  const small = new Map<string, Buffer>([
    [MANIFEST, Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`)],
    [IDENTITY_FILE, await identityFile(site)],
    [KEYS_FILE, Buffer.from(own.records.map(({ key }) => key.trimEnd()).join("\n") + "\n")],
    [CONTENTS, contentsFile(plan)],
    [
      CHANNELS,
      Buffer.from(
        cargo.channels
          .flatMap(({ name, mirrors }) =>
            Object.entries(mirrors).map(([mirror, id]) => `${name} ${mirror} ${id}\n`),
          )
          .join(""),
      ),
    ],
    ...(await request.extras(manifest, cargo, assumed)),
  ]);
  for (const [name, text] of small) await writeDurable(join(folder, name), text);
  const sums = [...small]
    .map(([name, text]) => [name, sha256(text)] as const)
    .concat(parts.map((part) => [part.name, part.sha256] as const));
  const list = sums
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => `${digest}  ${name}\n`)
    .join("");
  await writeDurable(join(folder, SUMS), Buffer.from(list));
  await dropState(folder);
  await writeDurable(join(folder, SIGNATURE), Buffer.from(await author.sign(Buffer.from(list), created)));
  await syncFolder(folder);
  await writeExport(site, to, done, as);
  return { ...told, result: "written" };
}

type Draft = Omit<BundleManifest, "bundle" | "number" | "records" | "parts">;

function draftOf(
  cargo: Cargo,
  { files, bytes }: Contents,
  { base }: Assumed,
  destination: string,
  created: number,
): Draft {
  return {
    format: 1,
    site: cargo.site,
    destination,
    base: [...base],
    created: new Date(created).toISOString(),
    channels: cargo.channels.map((channel) => ({ ...channel, mirrors: { ...channel.mirrors } })),
    snapshots: cargo.snapshots.map(({ mirror, id, ecosystem, ...rest }) => ({
      mirror,
      id,
      ecosystem,
      files: rest.files,
      bytes: rest.bytes,
    })),
    files,
    bytes,
  };
}

function textDigest({ texts }: Contents): string {
  const hash = createHash("sha256");
  for (const [name, text] of texts) hash.update(`${name} ${text.length}\n`).update(text);
  return hash.digest("hex");
}

// Never the clock's: the same content must give the same bytes.
async function newest(site: Site, { channels, snapshots }: Cargo): Promise<number> {
  const names = [
    ...channels.map(({ name }) => channelRef(name)),
    ...snapshots.map(({ mirror, id }) => snapshotRef(mirror, id)),
  ];
  const times: number[] = [0];
  for (const name of names)
    times.push(Date.parse((await latestRef(site.store, name))?.at ?? "1970-01-01T00:00:00Z"));
  return Math.max(...times);
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

/** The id of the finished bundle in a folder. */
async function finished(folder: string): Promise<string | undefined> {
  const signed = await stat(join(folder, SIGNATURE)).catch(() => undefined);
  if (signed === undefined) return undefined;
  const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => "{}");
  try {
    return String((JSON.parse(text) as { bundle?: unknown }).bundle);
  } catch {
    return "";
  }
}

async function writeParts(
  site: Site,
  request: BundleRequest,
  bundle: string,
  plan: readonly PartPlan[],
  contents: Contents,
  created: number,
): Promise<BundlePart[]> {
  const { folder, signal, onMember } = request;
  const before = await resumeState(folder, bundle);
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
  await roomFor(
    folder,
    missing.reduce((sum, n) => sum + (plan[n - 1]?.size ?? 0), 0),
  );
  for (const n of missing) {
    const part = plan[n - 1];
    if (part === undefined) continue;
    parts.push(await writePart(folder, n, part, source));
    await saveState(folder, bundle, parts);
  }
  return parts.toSorted((a, b) => a.n - b.n);
}

// The small files, and what a file system keeps for itself.
const SPARE = 4 * 1024 * 1024;

async function roomFor(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = Math.ceil(bytes * 1.01) + SPARE;
  if (needed <= bavail * bsize) return;
  const mebibytes = (count: number): string => `${(count / 2 ** 20).toFixed(1)} MiB`;
  throw new SluiceError(
    "disk_full",
    `The bundle takes ${mebibytes(needed)} in ${folder}, and ${mebibytes(bavail * bsize)} are free there: use a larger medium, or select less.`,
  );
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

// At one stroke: half a signature would pass for a finished bundle.
async function writeDurable(path: string, bytes: Buffer): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.new`);
  await writeFile(aside, bytes, { flush: true });
  await rename(aside, path);
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  // Some file systems for sticks cannot do that for a folder.
  await handle.sync().catch(() => undefined);
}
