import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import type { BlobInfo } from "../store/contract.ts";
import { fetchBytes } from "../upstream/buffer.ts";
import type {
  Entry,
  RootFile,
  RootGroup,
  RootSet,
  Transport,
  Upstream,
  Validators,
} from "../upstream/contract.ts";
import { contentKey, fetchEntry, presentBlob, type Fetching } from "./fetch.ts";

/** The live upstream of one walk: what it gives has been fetched into the store and proven. */
export interface LiveUpstream extends Upstream {
  /** Root files as fetched, with the server's validators; for the record. */
  readonly validators: ReadonlyMap<string, Validators>;
  /** Names and digests of the roots, to see whether two walks began alike. */
  rootsKey(): string;
  /** Blobs of entries that were read during the walk. */
  readonly read: ReadonlyMap<string, BlobInfo>;
}

export interface LiveOptions {
  /** The last snapshot, if asking whether the roots have changed is worth while. */
  readonly previous: SnapshotRecord | undefined;
  /** True where the server's validators of `previous` are those of the same upstream. */
  readonly conditional: boolean;
  /** Past caches on the way: the walk starts again because something did not fit. */
  readonly fresh: boolean;
}

export function liveUpstream(fetching: Fetching, options: LiveOptions): LiveUpstream {
  const validators = new Map<string, Validators>();
  const read = new Map<string, BlobInfo>();
  let key = "";
  return {
    validators,
    read,
    rootsKey: () => key,

    async roots(groups: readonly RootGroup[]): Promise<RootSet | "unchanged"> {
      const results = await Promise.all(groups.map(async (group) => readGroup(fetching, group, options)));
      if (results.length > 0 && results.every((result) => result.unchanged)) return "unchanged";
      const set = new Map<string, RootFile>();
      for (const { files } of results) {
        for (const { file, validators: sent } of files) {
          set.set(file.path, file);
          validators.set(file.path, sent);
        }
      }
      key = [...set.values()].map((file) => `${file.path} ${file.sha256}`).join("\n");
      return set;
    },

    async get(entry: Entry): Promise<AsyncIterable<Uint8Array> | undefined> {
      const name = contentKey(entry);
      const blob =
        read.get(name) ?? (await presentBlob(fetching.store, entry)) ?? (await fetchEntry(fetching, entry));
      if (blob === undefined) return undefined;
      read.set(name, blob);
      // Whole and re-hashed: an index is parsed only as it was proven, whatever the disk did to it since.
      return once(await fetching.store.readBlob(blob.sha256));
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

interface GroupResult {
  readonly unchanged: boolean;
  readonly files: readonly { readonly file: RootFile; readonly validators: Validators }[];
}

async function readGroup(fetching: Fetching, group: RootGroup, options: LiveOptions): Promise<GroupResult> {
  const held = (path: string) => options.previous?.roots.find((root) => root.path === path);
  const probe = group.files.find((file) => held(file.path) !== undefined);
  const before = probe === undefined ? undefined : held(probe.path);
  if (probe !== undefined && before !== undefined) {
    const asked = await fromFirst(fetching.sources, async (source) =>
      fetchBytes(
        source,
        {
          from: probe.from,
          signal: fetching.signal,
          ...(options.conditional && { validators: before }),
        },
        group.maxSize,
      ),
    );
    const same =
      asked.status === "unchanged" || (asked.status === "ok" && sha256(asked.bytes) === before.sha256);
    const kept = same ? await storedGroup(fetching, group, options) : undefined;
    if (kept !== undefined) return { unchanged: true, files: kept };
  }
  return { unchanged: false, files: await fetchGroup(fetching, group, options.fresh) };
}

// The roots as the last snapshot has them, for a group that has not changed while another did.
async function storedGroup(
  fetching: Fetching,
  group: RootGroup,
  options: LiveOptions,
): Promise<GroupResult["files"] | undefined> {
  const files: { file: RootFile; validators: Validators }[] = [];
  for (const { path, from } of group.files) {
    const root = options.previous?.roots.find((one) => one.path === path);
    if (root === undefined) continue;
    const { sha256: digest, etag, lastModified } = root;
    try {
      const bytes = await fetching.store.readBlob(digest);
      files.push({ file: { path, from, bytes, sha256: digest }, validators: { etag, lastModified } });
    } catch (error) {
      if (error instanceof SluiceError && error.code.startsWith("blob_")) return undefined;
      throw error;
    }
  }
  return files;
}

async function fetchGroup(
  fetching: Fetching,
  group: RootGroup,
  fresh: boolean,
): Promise<GroupResult["files"]> {
  const found = await fromFirst(fetching.sources, async (source) => {
    const replies = await Promise.all(
      group.files.map(async ({ path, from }) => {
        const reply = await fetchBytes(source, { from, fresh, signal: fetching.signal }, group.maxSize);
        if (reply.status !== "ok") return undefined;
        fetching.received(reply.bytes.length);
        return {
          file: { path, from, bytes: reply.bytes, sha256: sha256(reply.bytes) },
          validators: reply.validators,
        };
      }),
    );
    const files = replies.filter((reply) => reply !== undefined);
    return files.length === 0 ? { status: "absent" as const } : { status: "ok" as const, files };
  });
  return found.status === "ok" ? found.files : [];
}

// An upstream that answers "absent" or not at all gives way to the next; an error counts only where none has the file.
async function fromFirst<T extends { status: string }>(
  sources: readonly Transport[],
  ask: (source: Transport) => Promise<T>,
): Promise<T> {
  let absent: T | undefined;
  let failed: unknown;
  for (const source of sources) {
    try {
      const reply = await ask(source);
      if (reply.status !== "absent") return reply;
      absent = reply;
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
  if (absent !== undefined) return absent;
  throw new SluiceError("upstream_unreachable", "The mirror has no upstream: check its config.");
}
