import { SluiceError } from "../base/errors.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { ReadStore, WriteSession, WriteStore } from "../store/contract.ts";
import { askBlobs, type SendOptions } from "./ask-blobs.ts";
import type { Cargo, CargoRef, Source } from "./contract.ts";

/** Sizes by SHA-256. */
export type Blobs = Map<string, number>;

/** All their bytes. */
export function bytesOf(blobs: Blobs): number {
  return [...blobs.values()].reduce((sum, size) => sum + size, 0);
}

/** What of the cargo's files is not in `to`. The manifests are read from where they are, and proven by their hash. */
export async function lackingBlobs(manifests: ReadStore, to: ReadStore, cargo: Cargo): Promise<Blobs> {
  const seen = new Set<string>();
  const lacking: Blobs = new Map();
  for (const { mirror, id, manifest } of cargo.snapshots) {
    for (const { sha256, size } of await readManifest(manifests, manifest, `${mirror}@${id}`)) {
      if (seen.has(sha256)) continue;
      seen.add(sha256);
      if ((await to.statBlob(sha256))?.size !== size) lacking.set(sha256, size);
    }
  }
  return lacking;
}

/** No record says how large a key file is. */
const MOST_KEYRING = 64 * 2 ** 20;

/** The manifests and key files of the cargo that are not in `to`, with the size that each may have; they are sent after the files. */
export async function lackingRecords(to: ReadStore, cargo: Cargo): Promise<Blobs> {
  const lacking: Blobs = new Map();
  for (const { manifest, keyrings } of cargo.snapshots) {
    const records = [...keyrings.map((sha256) => ({ sha256, size: MOST_KEYRING })), manifest];
    for (const { sha256, size } of records)
      if ((await to.statBlob(sha256)) === undefined) lacking.set(sha256, size);
  }
  return lacking;
}

// Larger ones are streamed, and what came of them outlives a kill.
const SMALL = 1024 * 1024;

/**
 * Copies the wanted blobs of a source, each checked against its name on the way; gives those that it did not have, or whose bytes are not what they are called.
 */
export async function sendBlobs(
  from: Source,
  session: WriteSession,
  wanted: ReadonlyMap<string, number>,
  { signal, onBlob }: SendOptions,
): Promise<Blobs> {
  if (from.kind === "site") return askBlobs(from, session, wanted, { signal, onBlob });
  const lacking = new Map(wanted);
  for await (const { sha256, body } of from.blobs(wanted)) {
    signal.throwIfAborted();
    const size = wanted.get(sha256);
    if (size === undefined || !lacking.has(sha256)) continue;
    // What is bad is told at the end, with all the rest that is.
    if (!(await receive(session, sha256, size, body))) continue;
    lacking.delete(sha256);
    onBlob(size);
  }
  return lacking;
}

async function receive(
  session: WriteSession,
  sha256: string,
  size: number,
  body: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const expect = { digests: { sha256 }, size };
  try {
    if (size <= SMALL) {
      await session.putBlob(await collect(body, size), expect);
      return true;
    }
    const incoming = await session.incoming(expect);
    try {
      await incoming.append(body);
      await incoming.commit();
    } finally {
      await incoming.release();
    }
    return true;
  } catch (error) {
    if (error instanceof SluiceError && /^(digest_mismatch|too_large)$/.test(error.code)) return false;
    throw error;
  }
}

async function collect(body: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // What is too long shows in its digest; it need not be read to its end.
    if (length > size + 1) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Copies manifests and key files. */
export async function sendRecords(
  from: ReadStore,
  session: WriteSession,
  records: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [sha256, most] of records)
    await session.putBlob(await from.readBlob(sha256, most), { digests: { sha256 } });
}

/** Copies versions of refs as they are, in their order, below `folder`; what is there already must be the same bytes. Gives how many were new. */
export async function sendRefs(
  from: ReadStore,
  to: WriteStore,
  refs: readonly CargoRef[],
  folder: (ref: string) => string,
): Promise<number> {
  let written = 0;
  for (const { name, versions } of refs) {
    const target = folder(name);
    const there = new Set(await to.refVersions(target));
    for (const version of versions) {
      const bytes = await from.readRef(name, version);
      if (bytes === undefined)
        throw new SluiceError("ref_corrupt", `refs/${name}/${version}.json is missing: nothing was taken.`);
      if (there.has(version)) {
        if (!(await to.readRef(target, version))?.equals(bytes)) throw contradiction(target, version);
        continue;
      }
      if (
        !(await to.createRef(target, version, bytes)) &&
        !(await to.readRef(target, version))?.equals(bytes)
      )
        throw contradiction(target, version);
      written++;
    }
  }
  return written;
}

/** A version of a ref that another one of the same number contradicts. */
export function contradiction(name: string, version: number): SluiceError {
  return new SluiceError(
    "replayed",
    `refs/${name}/${version}.json is there already and says something else: one of the two is not genuine, or a restored backup went on by itself.`,
  );
}
