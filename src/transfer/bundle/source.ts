import { SluiceError } from "../../base/errors.ts";
import type { ReadStore } from "../../store/contract.ts";
import type { SentBlob, Source } from "../contract.ts";
import { blobOf, recordOf, REFS } from "./layout.ts";
import { readMembers, type Faults } from "./members.ts";
import type { OpenedBundle } from "./open.ts";
import { decodeRefs, recordsStore, type RefTexts } from "./records.ts";

/**
 * A source for each bundle, in the order of their numbers: each shows its own records, and takes files from all of them. Throws bundle_damaged where the records of one
 * cannot be read.
 */
export async function bundleSources(bundles: readonly OpenedBundle[]): Promise<Source[]> {
  const sorted = bundles.toSorted((a, b) => a.manifest.number - b.manifest.number);
  const sources: Source[] = [];
  for (const bundle of sorted) {
    // Its own parts first: what it lacks is in those before it.
    const others = sorted.filter((other) => other !== bundle && other.sender.id === bundle.sender.id);
    sources.push(await bundleSource(bundle, [bundle, ...others.toReversed()]));
  }
  return sources;
}

async function bundleSource(bundle: OpenedBundle, all: readonly OpenedBundle[]): Promise<Source> {
  const faults: Faults = new Map();
  const { number } = bundle.manifest;
  return {
    name: `bundle ${number} in ${bundle.folder}`,
    kind: "bundle",
    bundles: [number],
    store: await readRecords(bundle, faults),
    blobs: (wanted) => sentBlobs(all, new Map(wanted), faults),
    explain: async (lacking) => explain(bundle, all, lacking, faults),
    faults: () => [...faults.values()],
  };
}

async function* sentBlobs(
  all: readonly OpenedBundle[],
  left: Map<string, number>,
  faults: Faults,
): AsyncGenerator<SentBlob> {
  for (const bundle of all) {
    const parts = new Set<number>();
    for (const sha256 of left.keys()) for (const n of bundle.places.get(sha256) ?? []) parts.add(n);
    for await (const { name, body } of readMembers(bundle, ({ n }) => parts.has(n), faults)) {
      const sha256 = blobOf(name);
      if (sha256 === undefined || !left.delete(sha256)) continue;
      yield { sha256, body };
    }
  }
}

/** Reads refs, manifests and key files, which stand before all files, into memory. */
async function readRecords(bundle: OpenedBundle, faults: Faults): Promise<ReadStore> {
  let refs: RefTexts | undefined;
  const blobs = new Map<string, Buffer>();
  for await (const { name, body } of readMembers(bundle, ({ n }) => n <= bundle.manifest.records, faults)) {
    const record = recordOf(name);
    if (name === REFS) refs = decodeRefs(await collect(body), `Bundle ${bundle.manifest.number}`);
    else if (record !== undefined) blobs.set(record, await collect(body));
  }
  if (refs === undefined) {
    const why =
      [...faults.values()][0] ??
      `Part 1 of bundle ${bundle.manifest.number} is not here: bring the medium with it.`;
    throw new SluiceError("bundle_damaged", why);
  }
  return recordsStore(refs, blobs);
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function explain(
  bundle: OpenedBundle,
  all: readonly OpenedBundle[],
  lacking: ReadonlyMap<string, number>,
  faults: Faults,
): Promise<string[]> {
  const missing = new Map<number, Set<number>>();
  let elsewhere = 0;
  for (const sha256 of lacking.keys()) {
    const holder = all.find(({ places }) => places.has(sha256));
    if (holder === undefined) elsewhere++;
    for (const n of holder?.places.get(sha256) ?? []) {
      const part = holder?.manifest.parts[n - 1];
      if (holder === undefined || part === undefined || holder.parts.has(part.name)) continue;
      const { number } = holder.manifest;
      missing.set(number, (missing.get(number) ?? new Set()).add(n));
    }
  }
  const reasons = [...faults.values()];
  for (const [number, parts] of missing) {
    const verb = parts.size === 1 ? "is" : "are";
    reasons.push(
      `Of bundle ${number}, part ${ranges([...parts])} ${verb} not here: bring the medium with it.`,
    );
  }
  if (elsewhere > 0) reasons.push(lackingBase(bundle, all, elsewhere));
  return reasons;
}

/** `3, 7-9` */
function ranges(parts: readonly number[]): string {
  const found: [number, number][] = [];
  for (const part of parts.toSorted((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === part - 1) last[1] = part;
    else found.push([part, part]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
}

function lackingBase(bundle: OpenedBundle, all: readonly OpenedBundle[], files: number): string {
  const here = new Set(all.map(({ manifest }) => manifest.number));
  const before = bundle.manifest.base.filter((number) => !here.has(number));
  if (before.length === 0)
    return `${files} files are in none of its parts: have it written again with \`--full\`.`;
  return `${files} files came with an earlier bundle, ${before.slice(-5).join(" or ")}, which was not imported here, or whose files are gone: import it first, or have this one written with \`--full\`.`;
}
