import { SluiceError } from "../../base/errors.ts";
import type { ReadStore } from "../../store/contract.ts";
import type { ReadSource, SentBlob } from "../contract.ts";
import { damageOf, defectsOf, explain } from "./explain.ts";
import { blobOf, recordOf, REFS } from "./layout.ts";
import { readMembers, type Faults } from "./members.ts";
import type { OpenedBundle } from "./open.ts";
import { decodeRefs, recordsStore } from "./records.ts";

/** All records of a bundle are held in memory. */
const MOST_RECORDS = 2 ** 30;

/** The bundles in the order of their numbers, each with all of its sender's, from which its files may come. */
export function inOrder(bundles: readonly OpenedBundle[]): [OpenedBundle, readonly OpenedBundle[]][] {
  const sorted = bundles.toSorted((a, b) => a.manifest.number - b.manifest.number);
  return sorted.map((bundle) => {
    // Its own parts first: what it lacks is in those before it.
    const others = sorted.filter((other) => other !== bundle && other.sender.id === bundle.sender.id);
    return [bundle, [bundle, ...others.toReversed()]];
  });
}

/** A source that shows the records of a bundle, and takes files from all of these. Throws bundle_damaged where its records cannot be read. */
export async function bundleSource(bundle: OpenedBundle, all: readonly OpenedBundle[]): Promise<ReadSource> {
  const faults: Faults = new Map();
  const { number, bundle: id } = bundle.manifest;
  return {
    name: nameOf(bundle),
    kind: "bundle",
    bundles: [number],
    bundleIds: [id],
    store: await readRecords(bundle, faults),
    blobs: (wanted) => sentBlobs(all, new Map(wanted), faults),
    explain: async (lacking) => explain(bundle, all, lacking, faults),
    faults: () => damageOf(faults),
    check: async (signal) => {
      const found: Faults = new Map();
      for await (const _ of readMembers(bundle, () => true, found)) signal.throwIfAborted();
      return defectsOf(bundle, found);
    },
  };
}

export function nameOf({ folder, manifest }: OpenedBundle): string {
  return `bundle ${manifest.number} in ${folder}`;
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
  const { number, parts, records } = bundle.manifest;
  const isRecord = ({ n }: { n: number }): boolean => n <= records;
  // A bundle is read before its sender is known to be trusted.
  if (parts.filter(isRecord).reduce((sum, { size }) => sum + size, 0) > MOST_RECORDS)
    throw new SluiceError("bundle_damaged", `The records of bundle ${number} are too large to be genuine.`);
  const members = new Map<string, Buffer>();
  for await (const { name, body } of readMembers(bundle, isRecord, faults))
    if (name === REFS || recordOf(name) !== undefined) members.set(name, await collect(body));
  const isMissing = parts.some((part) => isRecord(part) && !bundle.parts.has(part.name));
  const refs = members.get(REFS);
  if (faults.size > 0 || isMissing)
    throw new SluiceError("bundle_damaged", defectsOf(bundle, faults).join(" "));
  if (refs === undefined) throw new SluiceError("bundle_damaged", `Bundle ${number} has no records.`);
  const blobs = [...members].flatMap(([name, bytes]) => {
    const sha256 = recordOf(name);
    return sha256 === undefined ? [] : [[sha256, bytes] as const];
  });
  return recordsStore(decodeRefs(refs, `Bundle ${number}`), new Map(blobs));
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
