import { createHash } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { finished, openFresh, syncFolder, writeDurable } from "./durable.ts";
import { readPlain } from "./files.ts";
import { SIGNATURE, SUMS, type BundlePart } from "./layout.ts";
import { bytesOf } from "./members.ts";
import { findBundles, type OpenedBundle } from "./open.ts";
import { roomIn } from "./room-in.ts";

// Scripts read pieces in the order of their names, which have three digits.
const MOST_PIECES = 1000;
const MOST_SMALL = 512 * 2 ** 20;

export interface SplitRequest {
  readonly from: string;
  readonly to: string;
  readonly partBytes: number;
  readonly signal: AbortSignal;
}

export interface SplitResult {
  readonly folder: string;
  readonly number: number;
  readonly bundle: string;
  readonly parts: number;
  /** Files that larger parts were cut into. */
  readonly pieces: number;
}

/**
 * Copies a finished bundle for a medium that holds smaller files only: parts that are too large are cut into pieces. Its signatures stay as they are, so that anyone can do
 * that; each part is checked on its way. A run that was stopped is continued. Throws usage, bundle_damaged, bundle_there, disk_full.
 */
export async function splitBundle({ from, to, partBytes, signal }: SplitRequest): Promise<SplitResult> {
  const bundle = await onlyBundle(from);
  if (resolve(to) === resolve(from))
    throw new SluiceError("usage", `${to} is the folder of the bundle itself: give another one.`);
  await mkdir(to, { recursive: true });
  const other = await finished(to);
  if (other !== undefined && other !== bundle.manifest.bundle)
    throw new SluiceError("bundle_there", `${to} holds another bundle: give each one a folder of its own.`);
  const missing = bundle.manifest.parts.find(({ name }) => !bundle.parts.has(name));
  if (missing !== undefined)
    throw new SluiceError(
      "bundle_damaged",
      `Part ${missing.n} is not in ${from}: split where the bundle is whole.`,
    );
  const there = await readdir(to, { withFileTypes: true });
  const done = new Set(there.filter((entry) => entry.isFile()).map(({ name }) => name));
  const left = bundle.manifest.parts.filter(
    (part) => !filesOf(part, partBytes).every(({ name }) => done.has(name)),
  );
  await roomIn(
    to,
    left.reduce((sum, { size }) => sum + size, 0),
  );
  for (const part of left) await copyPart(bundle, part, { to, partBytes, signal });
  const small = [...bundle.listed.keys()].filter((name) => !name.endsWith(".tar"));
  for (const name of [...small, SUMS, SIGNATURE])
    await writeDurable(join(to, name), await readPlain(join(bundle.folder, name), MOST_SMALL));
  await syncFolder(to);
  const cut = bundle.manifest.parts
    .map((part) => filesOf(part, partBytes).length)
    .filter((count) => count > 1);
  const { number, bundle: id, parts } = bundle.manifest;
  const pieces = cut.reduce((sum, count) => sum + count, 0);
  return { folder: to, number, bundle: id, parts: parts.length, pieces };
}

async function onlyBundle(from: string): Promise<OpenedBundle> {
  const { bundles, bad } = await findBundles([from]);
  for (const error of bad.values()) throw error;
  const [bundle] = bundles;
  if (bundle === undefined || bundles.length > 1)
    throw new SluiceError("usage", `There are ${bundles.length} bundles in ${from}: give the folder of one.`);
  return bundle;
}

interface Piece {
  readonly name: string;
  readonly size: number;
}

function filesOf({ name, size }: BundlePart, most: number): Piece[] {
  if (size <= most) return [{ name, size }];
  const count = Math.ceil(size / most);
  if (count > MOST_PIECES)
    throw new SluiceError(
      "usage",
      `A part of ${size} bytes would be cut into ${count} pieces: give a --part-size of at least ${Math.ceil(size / MOST_PIECES)}.`,
    );
  return Array.from({ length: count }, (_, at) => ({
    name: `${name}.${String(at).padStart(3, "0")}`,
    size: Math.min(most, size - at * most),
  }));
}

async function copyPart(
  bundle: OpenedBundle,
  part: BundlePart,
  { to, partBytes, signal }: Omit<SplitRequest, "from">,
): Promise<void> {
  const hash = createHash("sha256");
  const pieces = filesOf(part, partBytes);
  const temporary = (at: number): string => join(to, `${part.name}.${at}.partial`);
  const input = bytesOf(bundle.parts.get(part.name)?.[0] ?? []);
  let held: Uint8Array = new Uint8Array();
  for (const [at, { size }] of pieces.entries()) {
    await using file = await openFresh(temporary(at));
    for (let left = size; left > 0;) {
      signal.throwIfAborted();
      if (held.length === 0) {
        const next = await input.next();
        if (next.done === true) break;
        held = next.value;
        hash.update(held);
      }
      const { bytesWritten } = await file.write(held.subarray(0, left));
      held = held.subarray(bytesWritten);
      left -= bytesWritten;
    }
    await file.sync();
  }
  const isWhole = held.length === 0 && (await input.next()).done === true;
  await input.return(undefined);
  if (!isWhole || hash.digest("hex") !== part.sha256)
    throw new SluiceError(
      "bundle_damaged",
      `Part ${part.n} (${part.name}) in ${bundle.folder} is not what its signed list says: split where the bundle is whole.`,
    );
  for (const [at, { name }] of pieces.entries()) await rename(temporary(at), join(to, name));
}
