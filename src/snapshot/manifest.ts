import { isUtf8 } from "node:buffer";
import { SluiceError } from "../base/errors.ts";
import { pathFault } from "../base/path.ts";
import { blobCorrupt } from "../store/checks.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Entry, EntryKind } from "../upstream/contract.ts";

/** One line of a manifest. */
export interface ManifestEntry {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly kind: EntryKind;
  readonly from: string;
  readonly name?: string;
  readonly version?: string;
  readonly arch?: string;
  readonly evidence?: string;
}

const HEADER = '{"format":1}\n';
const MAX_MANIFEST = 2 ** 31;
/** Most lines are shorter; what is set aside and not used costs nothing. */
const USUAL_LINE = 512;
const SURROGATE = /[\ud800-\udfff]/;

export function manifestEntry(entry: Entry, blob: { sha256: string; size: number }): ManifestEntry {
  const identity = entry.package;
  return {
    path: entry.path,
    sha256: blob.sha256,
    size: blob.size,
    kind: entry.kind,
    from: entry.from,
    ...(identity && { name: identity.name, version: identity.version, arch: identity.arch }),
    ...(entry.evidence !== undefined && { evidence: entry.evidence }),
  };
}

/** Manifest bytes: UTF-8 NDJSON, a header line, then one line an entry in the order of the bytes of `path`; equal input, equal bytes. */
export function encodeManifest(entries: Iterable<ManifestEntry>): Buffer {
  const sorted = inOrder([...entries]);
  let bytes = Buffer.allocUnsafe(HEADER.length + sorted.length * USUAL_LINE);
  let size = bytes.write(HEADER);
  for (const entry of sorted) {
    const text = line(entry);
    // Up to three bytes for each unit of UTF-16.
    if (bytes.length - size < 3 * text.length)
      bytes = Buffer.concat([bytes], 2 * bytes.length + 3 * text.length);
    size += bytes.write(text, size);
  }
  return bytes.subarray(0, size);
}

// UTF-16 orders as UTF-8 does, up to the surrogates.
function inOrder(entries: readonly ManifestEntry[]): ManifestEntry[] {
  if (!entries.some((entry) => /[\ud800-\uffff]/.test(entry.path)))
    return entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const keyed = entries.map((entry) => ({ key: Buffer.from(entry.path), entry }));
  return keyed.toSorted((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry);
}

// The order of keys is part of the format.
function line(entry: ManifestEntry): string {
  const { path, sha256, size, kind, from, name, version, arch, evidence } = entry;
  return `${JSON.stringify({ path, sha256, size, kind, from, name, version, arch, evidence })}\n`;
}

/** Entries of a manifest in its order; throws manifest_invalid on anything that encodeManifest would not have written. */
export function parseManifest(bytes: Buffer, what: string): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  if (!bytes.subarray(0, HEADER.length).equals(Buffer.from(HEADER)))
    throw invalid(what, "has no known header");
  if (!isUtf8(bytes)) throw invalid(what, "is not UTF-8");
  let at = HEADER.length;
  let last: string | undefined;
  while (at < bytes.length) {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw invalid(what, "is cut short");
    const entry = parseManifestLine(bytes.toString("utf8", at, end), what);
    if (last !== undefined && !isBefore(last, entry.path)) throw invalid(what, "is not in order");
    entries.push(entry);
    last = entry.path;
    at = end + 1;
  }
  return entries;
}

// By bytes of UTF-8. That is the order of strings too, but where a character takes two units of a string.
function isBefore(a: string, b: string): boolean {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  return a < b;
}

/** The entry of one line, without its end. */
export function parseManifestLine(text: string, what: string): ManifestEntry {
  let entry: ManifestEntry;
  try {
    entry = JSON.parse(text) as ManifestEntry;
  } catch {
    throw invalid(what, "holds a line that is not JSON");
  }
  const sound =
    typeof entry === "object" &&
    entry !== null &&
    typeof entry.path === "string" &&
    pathFault(entry.path) === undefined &&
    typeof entry.sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(entry.sha256) &&
    Number.isSafeInteger(entry.size) &&
    entry.size >= 0 &&
    ["root", "metadata", "package"].includes(entry.kind) &&
    typeof entry.from === "string" &&
    [entry.name, entry.version, entry.arch, entry.evidence].every(isText) &&
    // Nothing else stands in it, and nothing is written in another way.
    line(entry) === `${text}\n`;
  if (!sound) throw invalid(what, `holds a line that is no entry: ${text.slice(0, 120)}`);
  return entry;
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function invalid(what: string, fault: string): SluiceError {
  return new SluiceError("manifest_invalid", `The manifest of ${what} ${fault}: do not use the snapshot.`);
}

/** What a record says of its manifest. */
export interface ManifestBlob {
  readonly sha256: string;
  readonly size: number;
}

/** Reads a manifest, re-hashed, and no more of it than its record says. `what` names the snapshot for errors. */
export async function readManifest(
  store: ReadStore,
  { sha256, size }: ManifestBlob,
  what: string,
): Promise<ManifestEntry[]> {
  try {
    return parseManifest(await store.readBlob(sha256, Math.min(size, MAX_MANIFEST)), what);
  } catch (error) {
    // What is longer than was signed is not what was signed.
    if (error instanceof SluiceError && error.code === "too_large" && size <= MAX_MANIFEST)
      throw blobCorrupt(sha256);
    throw error;
  }
}
