import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import type { BlobInfo } from "../store/contract.ts";
import { provenBlob } from "../store/proven.ts";
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
import { contentKey, fetchEntry, isBadBlob, presentBlob, type Fetching } from "./fetch.ts";

/** The live upstream of one walk: what it gives has been fetched into the store and proven. */
export interface LiveUpstream extends Upstream {
  /** Root files as fetched, with the server's validators; for the record. */
  readonly validators: ReadonlyMap<string, Validators>;
  /** The roots as they came in; unproven until the walk has come to its end. */
  readonly rootFiles: ReadonlyMap<string, RootFile>;
  /** Names and digests of the roots, to see whether two walks began alike. */
  rootsKey(): string;
  /** Where the roots came from. */
  rootsFrom(): Transport | undefined;
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
  const rootFiles = new Map<string, RootFile>();
  return {
    validators,
    read,
    rootFiles,
    rootsKey: () => [...rootFiles.values()].map((file) => `${file.path} ${file.sha256}`).join("\n"),

    rootsFrom: () => fetching.answered.roots,

    async roots(groups: readonly RootGroup[]): Promise<RootSet | "unchanged"> {
      const results = await Promise.all(groups.map(async (group) => readGroup(fetching, group, options)));
      if (results.length > 0 && results.every((result) => result.unchanged)) return "unchanged";
      for (const { files } of results) {
        for (const { file, validators: sent } of files) {
          rootFiles.set(file.path, file);
          validators.set(file.path, sent);
        }
      }
      return rootFiles;
    },

    async get(entry: Entry): Promise<AsyncIterable<Uint8Array> | undefined> {
      const name = contentKey(entry);
      const blob = read.get(name) ?? (await presentBlob(fetching.store, entry));
      const kept = blob && (await soundBytes(fetching, blob));
      if (blob !== undefined && kept !== undefined) {
        read.set(name, blob);
        return kept;
      }
      const fetched = await fetchMetadata(fetching, entry);
      if (fetched === undefined) return undefined;
      read.set(name, fetched);
      return provenBlob(fetching.store, fetched);
    },
  };
}

// Hashed as a whole before the first chunk: an index is parsed only as it was proven, whatever the disk did to it since. A bad one is put aside.
async function soundBytes(
  { store }: Fetching,
  blob: BlobInfo,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const chunks = provenBlob(store, blob);
  try {
    return resume(await chunks.next(), chunks);
  } catch (error) {
    if (!isBadBlob(error)) throw error;
    await store.quarantine(blob.sha256);
    return undefined;
  }
}

async function* resume(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

// Some servers answer 403 for what they do not have (S3 without the right to list): the adapter then tries the next name or form of an index.
async function fetchMetadata(fetching: Fetching, entry: Entry): Promise<BlobInfo | undefined> {
  try {
    return await fetchEntry(fetching, entry);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    fetching.emit({ event: "warning", code: "upstream_refused", message: (error as Error).message });
    return undefined;
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof SluiceError && error.code === "upstream_refused";
}

interface GroupResult {
  readonly unchanged: boolean;
  readonly files: readonly { readonly file: RootFile; readonly validators: Validators }[];
}

async function readGroup(fetching: Fetching, group: RootGroup, options: LiveOptions): Promise<GroupResult> {
  const held = (path: string) => options.previous?.roots.find((root) => root.path === path);
  const probe = group.files.find((file) => held(file.path) !== undefined);
  const before = probe === undefined ? undefined : held(probe.path);
  let asked: Asked | undefined;
  if (probe !== undefined && before !== undefined) {
    const validators = options.conditional ? { validators: before } : {};
    asked = await fromFirst(fetching, async (source) =>
      askRoot(fetching, source, probe, group.maxSize, validators),
    );
    const same =
      asked.status === "unchanged" || (asked.status === "ok" && asked.root.file.sha256 === before.sha256);
    const kept = same ? await storedGroup(fetching, group, options) : undefined;
    if (kept !== undefined) return { unchanged: true, files: kept };
  }
  return { unchanged: false, files: await fetchGroup(fetching, group, options.fresh, asked) };
}

type Root = GroupResult["files"][number];
type Asked =
  | { readonly status: "ok"; readonly source: Transport; readonly root: Root }
  | { readonly status: "unchanged" }
  | { readonly status: "absent" };

async function askRoot(
  fetching: Fetching,
  source: Transport,
  { path, from }: RootGroup["files"][number],
  maxSize: number,
  how: { validators?: Validators; fresh?: boolean },
): Promise<Asked> {
  // Alone: nothing is known yet that a mixed-up answer could be told by.
  const asked = { from, signal: fetching.signal, alone: true, ...how };
  const reply = await fetchBytes(source, asked, maxSize);
  if (reply.status !== "ok") return reply;
  fetching.received(reply.bytes.length);
  const file = { path, from, bytes: reply.bytes, sha256: sha256(reply.bytes) };
  return { status: "ok", source, root: { file, validators: reply.validators } };
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

// `asked` is a file of the group that has just come in: it is not asked for again at the same upstream.
async function fetchGroup(
  fetching: Fetching,
  group: RootGroup,
  fresh: boolean,
  asked: Asked | undefined,
): Promise<readonly Root[]> {
  const found = await fromFirst(fetching, async (source) => {
    const had = asked?.status === "ok" && asked.source === source ? asked : undefined;
    const replies = await Promise.allSettled(
      group.files.map(async (file) =>
        had?.root.file.path === file.path ? had : askRoot(fetching, source, file, group.maxSize, { fresh }),
      ),
    );
    const answers = replies.filter((reply) => reply.status === "fulfilled").map(({ value }) => value);
    const files = answers.filter((reply) => reply.status === "ok").map((reply) => reply.root);
    for (const reply of replies) {
      // Where one file of the group is there, another that is forbidden counts as absent.
      if (reply.status === "rejected" && !(files.length > 0 && isForbidden(reply.reason))) throw reply.reason;
    }
    return files.length === 0 ? { status: "absent" as const } : { status: "ok" as const, files };
  });
  return found.status === "ok" ? found.files : [];
}

// An upstream that answers "absent" or not at all gives way to the next; an error counts only where none has the file.
async function fromFirst<T extends { status: string }>(
  { sources, answered, signal }: Fetching,
  ask: (source: Transport) => Promise<T>,
): Promise<T> {
  let absent: T | undefined;
  let failed: unknown;
  for (const source of sources) {
    try {
      const reply = await ask(source);
      if (reply.status !== "absent") {
        answered.roots ??= source;
        answered.source ??= source;
        return reply;
      }
      absent = reply;
    } catch (error) {
      signal.throwIfAborted();
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
  if (absent !== undefined) return absent;
  throw new SluiceError("upstream_unreachable", "The mirror has no upstream: check its config.");
}
