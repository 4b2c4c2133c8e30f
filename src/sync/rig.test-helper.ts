import { createHash } from "node:crypto";
import { z } from "zod";
import { SluiceError } from "../base/errors.ts";
import type { SluiceEvent } from "../base/events.ts";
import type { Site } from "../channel/site.ts";
import type { MirrorConfig } from "../config/types.ts";
import type { Ecosystem, Step } from "../ecosystems/contract.ts";
import { memoryStore, type MemoryStore } from "../store/memory.ts";
import type { Trust } from "../trust/contract.ts";
import { Moved, type Entry, type Transport, type Upstream } from "../upstream/contract.ts";
import { runSync, type SyncJob, type SyncOutcome } from "./run.ts";

/** An upstream in memory, whose files and faults a test sets. `before` runs ahead of each request. */
export interface FakeUpstream extends Transport {
  readonly files: Map<string, Buffer>;
  readonly log: string[];
  before: (n: number, path: string) => void;
}

export function fakeUpstream(name = "http://upstream.example.org/"): FakeUpstream {
  const files = new Map<string, Buffer>();
  const log: string[] = [];
  const fake: FakeUpstream = {
    name,
    files,
    log,
    before: () => undefined,
    get requests() {
      return log.length;
    },
    async fetch({ from, validators, offset }) {
      log.push(from);
      fake.before(log.length, from);
      const bytes = files.get(from);
      if (bytes === undefined) return { status: "absent" };
      const etag = `"${hash(bytes)}"`;
      if (validators?.etag === etag && offset === undefined) return { status: "unchanged" };
      const start = offset ?? 0;
      return {
        status: "ok",
        body: chunks(bytes.subarray(start)),
        start,
        length: bytes.length - start,
        validators: { etag },
      };
    },
    async close() {},
  };
  return fake;
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

export function hash(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What the toy's root lists: an index, which lists files. */
interface ToyRoot {
  readonly date: number;
  readonly validUntil?: number;
  readonly names?: readonly string[];
  readonly index: { readonly sha256: string; readonly size: number };
}

type ToyIndex = Record<string, { sha256: string; size: number; version: string }>;

/** An ecosystem of one JSON root, one JSON index and files; its index and files keep their names when they change. */
export const listing: Ecosystem = {
  id: "listing",
  options: z.object({}),
  compareVersions: (a, b) => Number(a) - Number(b),
  client: async () => ({ files: [], notes: [] }),
  enumerate,
};

async function* enumerate(upstream: Upstream): AsyncGenerator<Step> {
  const set = await upstream.roots([{ files: [{ path: "root.json", from: "root.json" }], maxSize: 100_000 }]);
  if (set === "unchanged") {
    yield "unchanged";
    return;
  }
  const file = set.get("root.json");
  if (file === undefined) throw new SluiceError("root_missing", "no root.json");
  const root = JSON.parse(file.bytes.toString()) as ToyRoot;
  yield {
    claim: {
      root: "toy",
      signers: [],
      date: root.date,
      validUntil: root.validUntil,
      names: root.names ?? ["toy"],
      weak: [],
    },
  };
  yield {
    entry: {
      path: "root.json",
      from: "root.json",
      kind: "root",
      digests: { sha256: file.sha256 },
      size: file.bytes.length,
    },
  };
  const index: Entry = {
    path: "index.json",
    from: "index.json",
    kind: "metadata",
    digests: { sha256: root.index.sha256 },
    size: root.index.size,
  };
  const source = await upstream.get(index);
  if (source === undefined) throw new Moved(new SluiceError("file_missing", "no index.json"));
  yield { entry: index };
  let text = "";
  for await (const chunk of source) text += Buffer.from(chunk).toString();
  for (const [path, one] of Object.entries(JSON.parse(text) as ToyIndex)) {
    const { sha256, size, version } = one;
    const identity = { name: path, version, arch: "all" };
    yield { entry: { path, from: path, kind: "package", digests: { sha256 }, size, package: identity } };
  }
}

/** Publishes a state at the fake upstream, in place; files of the state before stay only with `keep`. */
export function publish(
  upstream: FakeUpstream,
  date: number,
  packages: Record<string, string>,
  options: { validUntil?: number; keep?: boolean; names?: readonly string[] } = {},
): void {
  if (options.keep !== true) upstream.files.clear();
  const listed = Object.entries(packages).map(([path, content]) => {
    const bytes = Buffer.from(content);
    upstream.files.set(path, bytes);
    return [path, { sha256: hash(bytes), size: bytes.length, version: String(date) }] as const;
  });
  const index = Buffer.from(JSON.stringify(Object.fromEntries(listed)));
  upstream.files.set("index.json", index);
  const { validUntil, names } = options;
  const root = { date, validUntil, names, index: { sha256: hash(index), size: index.length } };
  upstream.files.set("root.json", Buffer.from(JSON.stringify(root)));
}

export interface Rig {
  readonly site: Site & { readonly store: MemoryStore };
  readonly upstream: FakeUpstream;
  readonly mirror: MirrorConfig;
  readonly events: SluiceEvent[];
  /** Sets the clock, ms. */
  now: number;
  sync(change?: Partial<SyncJob>): Promise<SyncOutcome>;
}

export const START = Date.UTC(2026, 10, 21, 4);

export function rig(ecosystem: Ecosystem = listing, trust: Trust = { kind: "none" }): Rig {
  const upstream = fakeUpstream();
  const events: SluiceEvent[] = [];
  const made = { now: START };
  const clock = (): number => made.now;
  const store = memoryStore({ clock });
  const fingerprint = "F".repeat(40);
  const verify = async (_: Uint8Array, signature: string): Promise<boolean> => signature === "signed";
  const siteKey = async () => ({ fingerprint, verify });
  const author = { fingerprint, by: "test", sign: async () => "signed", siteKey };
  const site = {
    store,
    graceMs: 3_600_000,
    channelExpiryMs: 30 * 86_400_000,
    clock,
    author: async () => author,
    siteKey,
  };
  const mirror: MirrorConfig = {
    name: "toy",
    ecosystem,
    upstream: [upstream.name],
    options: { mode: "verbatim" },
    trust: { kind: "none" },
    allowExpired: false,
    allowOlder: false,
    allowRename: false,
    allowEmpty: false,
    allowMissing: false,
    keep: undefined,
    schedule: undefined,
    network: { redirectHosts: [] },
    auth: undefined,
    tls: undefined,
  };
  async function sync(change: Partial<SyncJob> = {}): Promise<SyncOutcome> {
    return runSync({
      site,
      mirror,
      trust,
      sources: [upstream],
      parallel: 4,
      allowExpired: false,
      allowOlder: false,
      allowRename: false,
      allowEmpty: false,
      allowMissing: false,
      planOnly: false,
      emit: (event) => events.push(event),
      signal: new AbortController().signal,
      received: () => undefined,
      pauseMs: 0,
      ...change,
    });
  }
  return Object.assign(made, { site, upstream, mirror, events, sync });
}
