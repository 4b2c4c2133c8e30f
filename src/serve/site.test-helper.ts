import { createHash } from "node:crypto";
import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { snapshotTime } from "../base/names.ts";
import { channelRef, findChannel } from "../channel/channels.ts";
import { encodeManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import type { ChannelRecord, SnapshotRecord } from "../snapshot/record.ts";
import { amendSnapshot, createSnapshot, readSnapshot } from "../snapshot/snapshots.ts";
import { appendRef, type Author } from "../store/refs.ts";
import type { ReadStore, WriteStore } from "../store/contract.ts";
import { memoryStore, type MemoryStore } from "../store/memory.ts";
import type { AccessLine } from "./log.ts";
import { startServer, type RunningServer, type ServeOptions } from "./server.ts";

export const author: Author = {
  fingerprint: "F".repeat(40),
  by: "tester@host",
  sign: async () => "signature",
  siteKey: async (fingerprint) => ({ fingerprint, verify: async () => true }),
};

export interface TestFile {
  readonly bytes: string | Buffer;
  readonly kind?: ManifestEntry["kind"];
}

export function digest(bytes: string | Buffer, algorithm = "sha256"): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/**
 * Writes a snapshot with these files; a file is a package unless it says otherwise. `date` is what its signer
 * claims, in ms.
 */
export async function addSnapshot(
  store: WriteStore,
  mirror: string,
  id: string,
  files: Readonly<Record<string, TestFile>>,
  date: number = snapshotTime(id),
  by: Author = author,
): Promise<void> {
  const session = await store.begin();
  const put = async (bytes: string | Buffer) => session.putBlob(Buffer.from(bytes), { digests: {} });
  const entries: ManifestEntry[] = [];
  const roots: { path: string; sha256: string }[] = [];
  for (const [path, { bytes, kind = "package" }] of Object.entries(files)) {
    const { sha256, size } = await put(bytes);
    entries.push({ path, sha256, size, kind, from: path });
    if (kind === "root") roots.push({ path, sha256 });
  }
  const manifest = await put(encodeManifest(entries));
  await session.end();
  const record: SnapshotRecord = {
    mirror,
    id,
    ecosystem: "apt",
    mode: "verbatim",
    upstream: ["https://deb.example.org"],
    options: { mode: "verbatim" },
    manifest: { sha256: manifest.sha256, size: manifest.size },
    acceptedAt: new Date(snapshotTime(id)).toISOString(),
    trust: { kind: "none" },
    claims: [{ root: "dists/stable", signers: [], date, names: [], weak: [] }],
    roots,
    packages: entries.length,
    files: entries.length,
    bytes: 0,
  };
  await createSnapshot(store, by, record, "test", snapshotTime(id));
}

/** Gives the snapshot another manifest: its own, its text changed. */
export async function changeManifest(
  store: WriteStore,
  mirror: string,
  id: string,
  change: (text: string) => string,
): Promise<void> {
  const snapshot = await readSnapshot(store, mirror, id);
  const text = (await store.readBlob(snapshot.body.manifest.sha256)).toString();
  const session = await store.begin();
  const { sha256, size } = await session.putBlob(Buffer.from(change(text)), { digests: {} });
  await session.end();
  const body = { ...snapshot.body, manifest: { sha256, size } };
  await amendSnapshot(store, author, snapshot, { body, why: "test", at: 0 });
}

export async function removeSnapshot(store: WriteStore, mirror: string, id: string): Promise<void> {
  const snapshot = await readSnapshot(store, mirror, id);
  const body = { ...snapshot.body, removed: "test" };
  await amendSnapshot(store, author, snapshot, { body, why: "test", at: 0 });
}

export async function point(
  store: WriteStore,
  channel: string,
  mirrors: Readonly<Record<string, string>>,
  at: number,
  by: Author = author,
  expires?: string,
): Promise<void> {
  const before = await findChannel(store, channel);
  const body: ChannelRecord = { channel, mirrors, ...(expires && { expires }) };
  await appendRef(store, by, channelRef(channel), before, { body, why: "test", at });
}

/**
 * One file longer than what is kept in memory, and smaller ones, in one snapshot of `debian` that the channel
 * `stable` holds.
 */
export const ID = "20261101T000000Z";
export const BIG = Buffer.alloc(300_000, "0123456789abcdef");
export const RELEASE = "Suite: stable\n";

export async function sampleStore(): Promise<MemoryStore> {
  const store = memoryStore({ clock: () => Date.UTC(2026, 9, 9, 9, 9, 9, 500) });
  await addSnapshot(store, "debian", ID, {
    "dists/stable/InRelease": { bytes: RELEASE, kind: "root" },
    "dists/stable/main/empty": { bytes: "", kind: "metadata" },
    "pool/a:b c/x.deb": { bytes: "x" },
    "pool/big.deb": { bytes: BIG },
    "pool/g++_1:2~3.deb": { bytes: "small package" },
  });
  await point(store, "stable", { debian: ID }, snapshotTime(ID));
  return store;
}

/**
 * A server over the store on a free port, closed when the test ends. Answers of the store are never old;
 * `lines` fills with the log.
 */
export async function serve(
  context: TestContext,
  store: ReadStore,
  options: Partial<ServeOptions> = {},
): Promise<{ url: string; lines: AccessLine[]; server: RunningServer }> {
  const lines: AccessLine[] = [];
  const listen = { host: "127.0.0.1", port: 0 };
  const log = (line: AccessLine) => void lines.push(line);
  const server = await startServer({ store, listen, graceMs: 0, freshMs: 0, log, ...options });
  context.after(() => server.close());
  return { url: server.url, lines, server };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False where the connection ended in the middle of the body. */
  readonly whole: boolean;
}

/** One request on a connection of its own, its path sent exactly as given. */
export async function ask(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Reply> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => undefined);
      response.on("close", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          whole: response.complete,
        }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

/**
 * Sends the text as it is and gives all that comes until the server ends the connection, one character a
 * byte.
 */
export async function talk(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text, "latin1"));
    let got = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => (got += chunk));
    socket.on("close", () => resolve(got));
    socket.on("error", () => undefined);
  });
}
