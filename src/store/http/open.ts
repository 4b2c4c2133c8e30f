import { Readable } from "node:stream";
import { sha256 as hash } from "../../base/digest.ts";
import { blobCorrupt, blobMissing } from "../checks.ts";
import type { ReadStore } from "../contract.ts";
import { isRefName } from "../ref-names.ts";
import { ownName } from "../refs.ts";
import { foreign, numbersOf, PAGE, STORE_PATH, type RefPage } from "./protocol.ts";

/** What is below the URL of another site. */
export interface Web {
  /** The whole, up to `maxSize` bytes; undefined where there is nothing. `fresh`: not what a cache on the way has kept. */
  read(path: string, maxSize: number, options?: { fresh?: boolean }): Promise<Buffer | undefined>;
  /** The bytes from `offset` on, and how many they are; undefined where there is nothing. The body must be read or returned. */
  open(
    path: string,
    offset: number,
  ): Promise<{ readonly body: AsyncIterable<Uint8Array>; readonly length: number } | undefined>;
}

/** The store of another site, as it was when each thing was first asked for. */
export interface HttpStore extends ReadStore {
  /** Fetches all versions of these refs side by side, so that later reads do not wait for one another. */
  load(names: readonly string[]): Promise<void>;
}

export interface HttpStoreOptions {
  /** What of a ref is at hand already: asked for versions that newer ones, which are fetched, name the hash of. */
  known?(name: string, version: number): Promise<Buffer | undefined>;
}

const MOST_PAGE = 8 * 2 ** 20;
const MOST_VERSION = 64 * 2 ** 20;
/** A version of a row of keys, which is read before its site is trusted. */
const MOST_IDENTITY = 256 * 1024;
const MOST_BLOB = 2 ** 31;
/** Names that one prefix may have. */
const MOST_NAMES = 2_000_000;
const MOST_PAGES = MOST_NAMES / PAGE;

export function httpStore(web: Web, { known = async () => undefined }: HttpStoreOptions = {}): HttpStore {
  const lists = new Map<string, Promise<string[]>>();
  const versions = new Map<string, Promise<number[]>>();
  const records = new Map<string, Promise<Buffer | undefined>>();

  async function json<T>(path: string): Promise<Partial<T>> {
    const bytes = await web.read(`${STORE_PATH}/${path}`, MOST_PAGE, { fresh: true });
    if (bytes === undefined) throw foreign(`it has no /${STORE_PATH}/`);
    try {
      const value: unknown = JSON.parse(bytes.toString());
      if (typeof value === "object" && value !== null) return value;
    } catch {
      throw foreign("it sent what is not JSON");
    }
    throw foreign("it sent no list");
  }

  async function listed(prefix: string): Promise<string[]> {
    const found: string[] = [];
    let pages = 0;
    for (let after: string | undefined = ""; after !== undefined;) {
      if (++pages > MOST_PAGES) throw foreign(`it has more than ${MOST_PAGES} pages of records`);
      const asked: string = new URLSearchParams({ prefix, after }).toString();
      const { refs, next }: Partial<RefPage> = await json<RefPage>(`refs?${asked}`);
      if (!Array.isArray(refs)) throw foreign("it sent no list");
      for (const one of refs as unknown[]) {
        const { name, versions: runs } = (one ?? {}) as Partial<RefPage["refs"][number]>;
        const last = found.at(-1) ?? "";
        if (typeof name !== "string" || !isRefName(name) || !name.startsWith(prefix) || name <= last)
          throw foreign("it sent a list that is not in order");
        if (found.push(name) > MOST_NAMES) throw foreign(`it has more than ${MOST_NAMES} records`);
        if (!versions.has(name)) versions.set(name, Promise.resolve(numbersOf(runs)));
      }
      if (next !== undefined && (refs.length === 0 || next !== found.at(-1)))
        throw foreign("its pages do not go on");
      after = next;
    }
    return found;
  }

  const store: HttpStore = {
    async statBlob(sha256) {
      const reply = await web.open(blobPath(sha256), 0);
      await reply?.body[Symbol.asyncIterator]().return?.();
      return reply && { sha256, size: reply.length };
    },
    async openBlob(sha256, { start, end } = { start: 0, end: Infinity }) {
      const reply = await web.open(blobPath(sha256), start);
      if (reply === undefined) throw blobMissing(sha256);
      return Readable.from(upTo(reply.body, end - start + 1), { objectMode: false });
    },
    async readBlob(sha256, maxSize = MOST_BLOB) {
      const bytes = await web.read(blobPath(sha256), maxSize);
      if (bytes === undefined) throw blobMissing(sha256);
      if (hash(bytes) !== sha256) throw blobCorrupt(sha256);
      return bytes;
    },
    listRefs: async (prefix) => [...(await remembered(lists, prefix, async () => listed(prefix)))],
    refVersions: async (name) =>
      isRefName(name)
        ? remembered(versions, name, async () =>
            numbersOf((await json<{ versions: unknown }>(`refs/${name}`)).versions),
          )
        : [],
    async readRef(name, version) {
      const last = (await store.refVersions(name)).at(-1);
      return remembered(records, `${name}/${version}`, async () => {
        const mine = version === last ? undefined : await known(name, version);
        const most = ownName(name) === "identity" ? MOST_IDENTITY : MOST_VERSION;
        return mine ?? web.read(`${STORE_PATH}/refs/${name}/${version}.json`, most);
      });
    },
    // What it holds back, it does not offer.
    quarantined: async () => [],
    async load(names) {
      await Promise.all(
        names.map(async (name) =>
          Promise.all((await store.refVersions(name)).map(async (version) => store.readRef(name, version))),
        ),
      );
    },
    close: async () => undefined,
  };
  return store;
}

function blobPath(sha256: string): string {
  return `${STORE_PATH}/blobs/${sha256}`;
}

async function remembered<T>(held: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const there = held.get(key) ?? load();
  held.set(key, there);
  return there;
}

async function* upTo(body: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of body) {
    yield chunk.subarray(0, Math.min(left, chunk.length));
    left -= chunk.length;
    if (left <= 0) return;
  }
}
