import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { SluiceError } from "../../base/errors.ts";
import { Moved, type Entry, type RootFile, type Upstream } from "../../upstream/contract.ts";
import type { Claim, CommonOptions, Step } from "../contract.ts";
import type { TestKey } from "../../../test/toys/key.ts";
import { aptOptions, type AptOptions } from "./options.ts";
import { inFolder, suiteFolder } from "./roots.ts";

const LISTS = { MD5Sum: "md5", SHA1: "sha1", SHA256: "sha256", SHA512: "sha512" } as const;

/** One suite as a vendor has it; what is not given is usual. */
export interface SuiteSpec {
  readonly suite?: string;
  /** Fields before the lists; undefined takes a usual one away. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  /** Fields after the lists. */
  readonly tail?: Readonly<Record<string, string>>;
  /** Text of each index by its name without ending. */
  readonly indices: Readonly<Record<string, string>>;
  readonly forms?: readonly ("gz" | "zst" | "plain")[];
  readonly lists?: readonly (keyof typeof LISTS)[];
  /** False: Release does not list the uncompressed form. */
  readonly listPlain?: boolean;
  readonly byHash?: boolean;
  readonly inRelease?: boolean;
  readonly detached?: boolean;
  /** Further lines of the lists: path to content. */
  readonly extra?: Readonly<Record<string, string | Buffer>>;
  readonly edit?: (release: string) => string;
}

/** The files of a repository, by path. */
export type Files = Map<string, Buffer>;

export async function buildSuite(key: TestKey, spec: SuiteSpec, files: Files = new Map()): Promise<Files> {
  const suite = spec.suite ?? "stable";
  const at = (path: string): string => inFolder(suiteFolder(suite), path);
  const listed = new Map<string, Buffer>();
  for (const [name, text] of Object.entries(spec.indices)) {
    if (spec.listPlain !== false) listed.set(name, Buffer.from(text));
    for (const form of spec.forms ?? ["gz"]) {
      const bytes = compress(Buffer.from(text), form);
      const path = form === "plain" ? name : `${name}.${form}`;
      listed.set(path, bytes);
      files.set(at(path), bytes);
    }
  }
  for (const [path, content] of Object.entries(spec.extra ?? {})) {
    listed.set(path, Buffer.from(content));
    files.set(at(path), Buffer.from(content));
  }
  if (spec.byHash) {
    const best = spec.lists?.includes("SHA512") ? "SHA512" : "SHA256";
    for (const [path, bytes] of listed) {
      const below = path.includes("/") ? `${path.slice(0, path.lastIndexOf("/"))}/` : "";
      if (files.has(at(path))) files.set(at(`${below}by-hash/${best}/${hash(LISTS[best], bytes)}`), bytes);
    }
  }
  const fields = {
    Origin: "Test",
    Label: "Test",
    Suite: suite,
    Codename: suite,
    Date: "Sat, 21 Nov 2026 04:00:00 UTC",
    "Acquire-By-Hash": spec.byHash ? "yes" : undefined,
    Architectures: "amd64 arm64",
    Components: "main contrib",
    ...spec.fields,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  for (const list of spec.lists ?? ["MD5Sum", "SHA256"]) {
    lines.push(`${list}:`);
    for (const [path, bytes] of listed)
      lines.push(` ${hash(LISTS[list], bytes)} ${String(bytes.length).padStart(8)} ${path}`);
  }
  for (const [name, value] of Object.entries(spec.tail ?? {})) lines.push(`${name}: ${value}`);
  const plain = `${lines.join("\n")}\n`;
  const text = spec.edit?.(plain) ?? plain;
  if (spec.inRelease !== false) files.set(at("InRelease"), await key.clearSign(text));
  if (spec.detached) {
    files.set(at("Release"), Buffer.from(text));
    files.set(at("Release.gpg"), await key.detachSign(text));
  }
  return files;
}

function compress(bytes: Buffer, form: "gz" | "zst" | "plain"): Buffer {
  if (form === "plain") return bytes;
  return form === "gz" ? gzipSync(bytes) : zstdCompressSync(bytes);
}

export function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/** A stanza of Packages; the file is its own name. Fields that are given replace the usual ones, undefined removes one. */
export function stanza(name: string, more: Readonly<Record<string, string | undefined>> = {}): string {
  const bytes = Buffer.from(name);
  const version = more["Version"] ?? "1.0-1";
  const arch = more["Architecture"] ?? "amd64";
  const fields = {
    Package: name,
    Version: version,
    Architecture: arch,
    Section: "utils",
    Filename: `pool/main/${name}_${version}_${arch}.deb`,
    Size: String(bytes.length),
    SHA256: hash("sha256", bytes),
    ...more,
  };
  const lines = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : [`${field}: ${value}\n`],
  );
  return `${lines.join("")}\n`;
}

/** A stanza of Sources: the .dsc and a tarball, in the pool. Fields that are given replace the usual ones, undefined removes one. */
export function sourceStanza(name: string, more: Readonly<Record<string, string | undefined>> = {}): string {
  const files = [`${name}_1.0.dsc`, `${name}_1.0.tar.xz`];
  const list = (algorithm: string): string =>
    files
      .map((file) => `\n ${hash(algorithm, Buffer.from(file))} ${Buffer.byteLength(file)} ${file}`)
      .join("");
  const fields = {
    Package: name,
    Version: "1.0",
    Section: "utils",
    Directory: `pool/main/${name}`,
    Files: list("md5"),
    "Checksums-Sha256": list("sha256"),
    ...more,
  };
  const lines = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : [`${field}: ${value}\n`],
  );
  return `${lines.join("")}\n`;
}

export interface MemoryUpstream extends Upstream {
  /** What was asked by `get`, decoded, in order. */
  readonly asked: string[];
}

/** An upstream in memory that proves what it gives, as the real ones do. `by` says under which of an entry's names the files stand. */
export function memoryUpstream(
  files: ReadonlyMap<string, Buffer>,
  by: "from" | "path" = "from",
): MemoryUpstream {
  const asked: string[] = [];
  const place = (entry: { path: string; from: string }): string =>
    by === "path" ? entry.path : decodeURIComponent(entry.from);
  return {
    asked,
    async roots(groups) {
      const found = new Map<string, RootFile>();
      for (const file of groups.flatMap((group) => group.files)) {
        const bytes = files.get(place(file));
        if (bytes !== undefined) found.set(file.path, { ...file, bytes, sha256: hash("sha256", bytes) });
      }
      return found;
    },
    async get(entry: Entry) {
      asked.push(place(entry));
      const bytes = files.get(place(entry));
      if (bytes === undefined) return undefined;
      const same = Object.entries(entry.digests).every(([name, hex]) => hash(name, bytes) === hex);
      if (!same || bytes.length !== entry.size)
        throw new Moved(new SluiceError("digest_mismatch", `${entry.path} is not what was signed.`));
      return chunks(bytes);
    },
  };
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

/** All that a walk yields, in order. */
export interface Walked {
  readonly claims: Claim[];
  readonly entries: Entry[];
  readonly paths: string[];
}

export async function collect(steps: AsyncIterable<Step>): Promise<Walked> {
  const claims: Claim[] = [];
  const entries: Entry[] = [];
  for await (const step of steps) {
    if (step === "unchanged" || "filtered" in step) continue;
    if ("claim" in step) claims.push(step.claim);
    else entries.push(step.entry);
  }
  return { claims, entries, paths: entries.map(({ path }) => path) };
}

/** Options as the config gives them to the walk. */
export function optionsOf(more: Readonly<Record<string, unknown>> = {}): AptOptions & CommonOptions {
  const { mode = "verbatim", skip, only, ...own } = more;
  return {
    ...aptOptions.parse({ suites: ["stable"], architectures: ["amd64"], ...own }),
    ...({ mode, skip, only } as CommonOptions),
  };
}
