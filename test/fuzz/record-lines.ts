import { sha256 } from "../../src/base/digest.ts";
import { SUMS } from "./apt-words.ts";

export const SITE = "0123456789ABCDEF0123456789ABCDEF01234567";

const at = "2026-01-01T00:00:00.000Z";
const claim = {
  root: "dists/x",
  signers: [{ fingerprint: SITE, userId: "x", signedAt: 0, weak: ["sha1"] }],
  date: 1_700_000_000_000,
  validUntil: 1_800_000_000_000,
  names: ["x"],
  weak: ["sha1: x"],
};
const snapshot = {
  mirror: "m",
  id: "20260101T000000Z",
  ecosystem: "apt",
  mode: "verbatim",
  upstream: ["http://h/"],
  options: { suites: ["x"], mode: "verbatim" },
  manifest: { sha256: SUMS, size: 5 },
  acceptedAt: at,
  trust: { kind: "keys", keyrings: [{ name: "k", sha256: SUMS }], pinned: [], allowWeak: ["sha1"] },
  claims: [claim],
  roots: [{ path: "dists/x/InRelease", sha256: SUMS, etag: '"x"' }],
  packages: 1,
  files: 3,
  bytes: 5,
};
const imported = {
  ...snapshot,
  id: "20260102T000000Z",
  trust: { kind: "none" },
  holes: [{ path: "a", name: "a" }],
  origin: { site: SITE, mirror: "o", record: SUMS },
  pinned: "by hand",
};

/** A store's records, a line each: its ref and version, and what it says; what is left out is as it should be. */
export const RECORDS = [
  { ref: `snapshots/m/${snapshot.id}`, version: 1, body: snapshot },
  { ref: `snapshots/m/${snapshot.id}`, version: 2, body: { ...snapshot, pinned: "x" } },
  { ref: `snapshots/m/${imported.id}`, version: 1, body: imported },
  {
    ref: "snapshots/m/20260103T000000Z",
    version: 1,
    body: { ...snapshot, id: "20260103T000000Z", removed: "gc" },
  },
  {
    ref: `sites/${SITE}/snapshots/o/${imported.id}`,
    version: 1,
    body: { ...snapshot, mirror: "o", id: imported.id },
  },
  { ref: "channels/latest", version: 1, body: { channel: "latest", mirrors: { m: imported.id } } },
  { ref: "channels/stable", version: 1, body: { channel: "stable", mirrors: { m: snapshot.id } } },
  {
    ref: "channels/stable",
    version: 2,
    body: { channel: "stable", mirrors: { m: imported.id }, restores: 1, of: ["m"] },
  },
  {
    ref: `imports/${SITE}`,
    version: 1,
    body: {
      site: SITE,
      from: { kind: "bundle", name: "x", bundles: [1] },
      channels: { stable: 2 },
      mirrors: { o: "m" },
      snapshots: [],
      files: 1,
      bytes: 1,
      bundles: [1],
    },
  },
  { ref: `keys/${SITE}`, version: 1, body: { fingerprint: SITE, key: "-----BEGIN", state: "trusted" } },
  {
    ref: "exports/any",
    version: 1,
    body: {
      to: { kind: "bundle", name: "x" },
      channels: {},
      snapshots: [],
      files: 1,
      bytes: 1,
      bundle: { number: 1, id: SUMS, base: [] },
    },
  },
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join("");

/** The lines as a bundle has them: whole versions, chained, with a signature that is none. */
export function expandLines(input: Buffer): Buffer {
  const before = new Map<unknown, string>();
  const lines = input
    .toString()
    .split("\n")
    .map((text) => expanded(text, before));
  return Buffer.from(lines.join("\n"));
}

function expanded(text: string, before: Map<unknown, string>): string {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof line !== "object" || line === null || "text" in line) return text;
  const { ref, version, signatures, ...rest } = line as Record<string, unknown>;
  const previous = before.get(ref) ?? null;
  const payload = {
    format: 1,
    ref: typeof ref === "string" ? ref.replace(/^sites\/[0-9A-F]{40}\//, "") : ref,
    version,
    previous,
    at,
    by: "me",
    site: SITE,
    why: "x",
    ...rest,
  };
  const content = JSON.stringify({ payload, signatures: signatures ?? [{ site: SITE, signature: "x" }] });
  before.set(ref, sha256(content));
  return JSON.stringify({ ref, version, text: content });
}
