import { basename, dirname, join } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { sha256 } from "../../base/digest.ts";
import { IDENTITY, readIdentityRow, type IdentityRow } from "../../channel/identity-row.ts";
import { memoryStore } from "../../store/memory.ts";
import { plainFiles, readPlain } from "./files.ts";
import {
  bundleManifest,
  CONTENTS,
  IDENTITY_FILE,
  MANIFEST,
  SIGNATURE,
  SUMS,
  type BundleManifest,
} from "./layout.ts";

/** A bundle whose signature and small files are sound; its parts are looked at when they are read. */
export interface OpenedBundle {
  readonly folder: string;
  readonly manifest: BundleManifest;
  readonly sender: IdentityRow;
  /** Where each part is, by its name: the copies of it, each one file, or the pieces that it was split into, in order. Those that are nowhere are left out. */
  readonly parts: ReadonlyMap<string, readonly Copy[]>;
  /** The parts of each file: one, or several where it is cut. */
  readonly places: ReadonlyMap<string, readonly number[]>;
}

export type Copy = readonly string[];

const MOST = {
  sums: 64 * 2 ** 20,
  identity: 4 * 2 ** 20,
  // A string cannot be longer than half of that.
  small: 512 * 2 ** 20,
  signature: 64 * 1024,
};

/** Whether a file name is that of a part, or of a piece of one. */
const PART = /^([0-9a-f]{32}\.tar)(?:\.(\d{2,6}))?$/;

/** What lies in some folders: bundles, and what is none. */
export interface Found {
  readonly bundles: readonly OpenedBundle[];
  /** Why the others are no use, by their folders. */
  readonly bad: ReadonlyMap<string, SluiceError>;
  /** Files that look like parts, of none of these bundles. */
  readonly strays: readonly string[];
}

/** Opens every bundle in these folders. Parts may lie in any of them. Who the senders are must be judged by the caller. */
export async function findBundles(folders: readonly string[]): Promise<Found> {
  const files = (await Promise.all(folders.map(async (folder) => plainFiles(folder)))).flat();
  const parts = partsAmong(files);
  const found = files.filter((path) => basename(path) === MANIFEST).map((path) => dirname(path));
  const bundles: OpenedBundle[] = [];
  const bad = new Map<string, SluiceError>();
  for (const folder of new Set(found)) {
    try {
      bundles.push(await openBundle(folder, files, parts));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      bad.set(folder, error);
    }
  }
  // Whose parts they are cannot be said where a manifest is bad.
  const known = new Set(bundles.flatMap(({ manifest }) => manifest.parts.map(({ name }) => name)));
  const unknown = [...parts].filter(([name]) => !known.has(name) && bad.size === 0);
  return { bundles, bad, strays: unknown.flatMap(([, copies]) => copies.flat()) };
}

/** Copies by name. Pieces that lie in several folders make one copy. */
function partsAmong(files: readonly string[]): Map<string, Copy[]> {
  const copies = new Map<string, Copy[]>();
  const pieces = new Map<string, Map<number, string>>();
  for (const path of files) {
    const [, name, digits] = PART.exec(basename(path)) ?? [];
    if (name === undefined) continue;
    if (digits === undefined) copies.set(name, [...(copies.get(name) ?? []), [path]]);
    else {
      const known = pieces.get(name) ?? new Map<number, string>();
      if (!known.has(Number(digits))) known.set(Number(digits), path);
      pieces.set(name, known);
    }
  }
  for (const [name, known] of pieces) {
    const sorted = [...known].toSorted(([a], [b]) => a - b).map(([, path]) => path);
    copies.set(name, [...(copies.get(name) ?? []), sorted]);
  }
  return copies;
}

async function openBundle(
  folder: string,
  files: readonly string[],
  parts: ReadonlyMap<string, readonly Copy[]>,
): Promise<OpenedBundle> {
  if (!files.includes(join(folder, SIGNATURE)))
    throw new SluiceError(
      "bundle_damaged",
      `The bundle in ${folder} was not written to its end: run the same \`sluice export\` again.`,
    );
  const sums = await readPlain(join(folder, SUMS), MOST.sums);
  const sender = await senderOf(folder);
  const signature = String(await readPlain(join(folder, SIGNATURE), MOST.signature));
  const key = sender.keys.get(sender.current);
  if (key === undefined || !(await key.verify(sums, signature)))
    throw damaged(folder, SIGNATURE, `does not sign ${SUMS} by the key ${sender.current}`);
  const listed = parseSums(String(sums), folder);
  // Read once: what was checked is what is used.
  const kept = new Map<string, Buffer>();
  for (const [name, digest] of listed) {
    if (PART.test(name)) continue;
    const path = join(folder, name);
    if (!files.includes(path)) throw damaged(folder, name, "is missing");
    const bytes = await readPlain(path, MOST.small);
    if (sha256(bytes) !== digest) throw damaged(folder, name, "is not what the signed list says");
    if (name === MANIFEST || name === CONTENTS) kept.set(name, bytes);
  }
  const [manifestBytes, contents] = [kept.get(MANIFEST), kept.get(CONTENTS)];
  if (manifestBytes === undefined || contents === undefined)
    throw damaged(folder, SUMS, `does not list ${MANIFEST} and ${CONTENTS}`);
  const manifest = parseManifest(manifestBytes, folder);
  for (const { name, sha256: digest } of manifest.parts)
    if (listed.get(name) !== digest)
      throw damaged(folder, MANIFEST, `and ${SUMS} do not agree about ${name}`);
  if (manifest.site !== sender.id) throw damaged(folder, MANIFEST, "is of another site than its keys");
  const own = manifest.parts.map(({ name }) => [name, parts.get(name)] as const);
  return {
    folder,
    manifest,
    sender,
    parts: new Map(own.flatMap(([name, copies]) => (copies === undefined ? [] : [[name, copies] as const]))),
    places: parsePlaces(String(contents)),
  };
}

async function senderOf(folder: string): Promise<IdentityRow> {
  const bytes = await readPlain(join(folder, IDENTITY_FILE), MOST.identity);
  const store = memoryStore();
  try {
    const { versions } = JSON.parse(String(bytes)) as { versions: string[] };
    for (const [at, text] of versions.entries()) await store.createRef(IDENTITY, at + 1, Buffer.from(text));
    const row = await readIdentityRow(store);
    if (row !== undefined) return row;
  } catch (error) {
    // What is wrong with it in detail helps nobody: the file is not the sender's.
    throw damaged(folder, IDENTITY_FILE, "does not hold the keys of a site", error);
  }
  throw damaged(folder, IDENTITY_FILE, "holds no key");
}

function parseSums(text: string, folder: string): Map<string, string> {
  const listed = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const match = /^([0-9a-f]{64}) {2}([A-Za-z0-9][A-Za-z0-9._-]{0,99})$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined)
      throw damaged(folder, SUMS, "holds a line that is none");
    listed.set(match[2], match[1]);
  }
  return listed;
}

function parseManifest(bytes: Buffer, folder: string): BundleManifest {
  try {
    return bundleManifest.parse(JSON.parse(String(bytes)));
  } catch (error) {
    throw new SluiceError(
      "bundle_damaged",
      `${join(folder, MANIFEST)} is of a format that this version does not know: install a newer Sluice.`,
      {
        cause: error,
      },
    );
  }
}

function parsePlaces(text: string): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const line of text.split("\n")) {
    const [part = "", digest = ""] = line.split(" ");
    if (digest === "") continue;
    const known = places.get(digest);
    if (known === undefined) places.set(digest, [Number(part)]);
    else known.push(Number(part));
  }
  return places;
}

function damaged(folder: string, name: string, why: string, cause?: unknown): SluiceError {
  const sentence = `${join(folder, name)} ${why}: it was damaged or altered; copy it again.`;
  return new SluiceError("bundle_damaged", sentence, { cause });
}
