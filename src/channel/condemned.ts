import { SluiceError } from "../base/errors.ts";
import { checkShape } from "../snapshot/record-shape.ts";
import type { ReadStore } from "../store/contract.ts";
import { appendRef, latestRef, readRef } from "../store/refs.ts";
import type { Site } from "./site.ts";
import { LONG_MS, writtenTimes } from "./written-times.ts";

/** Since when (ms) each condemned blob has been out of reach; kept as a blob that the ref `gc/condemned` names. */
export type Condemned = Record<string, number>;

const CONDEMNED = "gc/condemned";
/** A list that is no longer than this always finds room in what the store holds back. */
const SHORT = 1000;

interface ListRecord {
  readonly list: string;
}

/** The blob that holds the list; undefined where there is none yet. */
export async function condemnedList(store: ReadStore): Promise<string | undefined> {
  const found = await latestRef<ListRecord>(store, CONDEMNED);
  return found && checkShape(found).body.list;
}

/** When (ms) the list was written last. */
export async function condemnedAt(store: ReadStore): Promise<number | undefined> {
  const last = await latestRef<ListRecord>(store, CONDEMNED);
  return last && Date.parse(last.at);
}

/** What it holds. All wait anew where the clock has jumped since it was written, or had before. */
export async function readCondemned({ store, clock }: Site): Promise<Condemned> {
  const last = await latestRef<ListRecord>(store, CONDEMNED);
  if (last === undefined) return {};
  const { list } = last.body;
  const before = last.version > 1 ? [await readRef<ListRecord>(store, CONDEMNED, last.version - 1)] : [];
  const now = clock();
  const [written] = writtenTimes([...before, last], now).toReversed();
  if (written !== Date.parse(last.at) || now - written > LONG_MS) return {};
  try {
    return JSON.parse((await store.readBlob(list)).toString("utf8")) as Condemned;
  } catch (error) {
    // A list that is lost or bad only makes all wait anew.
    if (error instanceof SluiceError && /^blob_(missing|corrupt)$/.test(error.code)) return {};
    throw error;
  }
}

/**
 * Writes the list, and gives what it holds now, with the blob of the list before it, if that is another one. On a disk without room for all of it, those that have
 * waited longest come first; the others wait for a gc that finds room.
 */
export async function writeCondemned(
  site: Site,
  condemned: Condemned,
  inAnyCase: boolean,
): Promise<{ condemned: Condemned; former: string | undefined }> {
  try {
    return { condemned, former: await write(site, condemned, inAnyCase) };
  } catch (error) {
    const full = error instanceof SluiceError && error.code === "disk_full";
    const entries = Object.entries(condemned).toSorted(([, a], [, b]) => a - b);
    if (!full || entries.length <= SHORT) throw error;
    const half = Object.fromEntries(entries.slice(0, Math.ceil(entries.length / 2)));
    return writeCondemned(site, half, inAnyCase);
  }
}

async function write(site: Site, condemned: Condemned, inAnyCase: boolean): Promise<string | undefined> {
  const base = await latestRef<ListRecord>(site.store, CONDEMNED);
  const bytes = Buffer.from(JSON.stringify(condemned));
  if (!inAnyCase && base === undefined && bytes.length <= 2) return undefined;
  const session = await site.store.begin();
  try {
    const { sha256 } = await session.putBlob(bytes, { digests: {} });
    await session.barrier();
    const same = base?.body.list === sha256;
    if (same && !inAnyCase) return undefined;
    const change = { body: { list: sha256 }, why: "gc", at: site.clock() };
    await appendRef(site.store, await site.author(), CONDEMNED, base, change);
    return same ? undefined : base?.body.list;
  } finally {
    await session.end();
  }
}
