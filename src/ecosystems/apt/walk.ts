import { SluiceError } from "../../base/errors.ts";
import { encodePath } from "../../base/path.ts";
import type { Trust } from "../../trust/contract.ts";
import { Moved, type Entry, type Upstream } from "../../upstream/contract.ts";
import type { CommonOptions, Step } from "../contract.ts";
import { readImages } from "./installer.ts";
import { Ledger } from "./ledger.ts";
import { findIndices, type FoundIndex } from "./metadata.ts";
import type { AptOptions } from "./options.ts";
import { readPackages, type PackageRecord } from "./packages.ts";
import { plainIndex } from "./plain.ts";
import { makeSieve, type Sieve } from "./sieve.ts";
import { readSources, type SourceRecord } from "./sources.ts";
import { claimOf, readSuites } from "./suites.ts";

/** The walk: claims, then roots, then indices, then the packages that they list. */
export async function* enumerate(
  upstream: Upstream,
  options: AptOptions & CommonOptions,
  trust: Trust,
): AsyncGenerator<Step> {
  const suites = await readSuites(upstream, options, trust);
  if (suites === "unchanged") {
    yield suites;
    return;
  }
  for (const suite of suites) yield { claim: claimOf(suite, trust) };
  const ledger = new Ledger();
  for (const { path, from, sha256, bytes } of suites.flatMap((suite) => suite.roots.files)) {
    const entry: Entry = { path, from, kind: "root", digests: { sha256 }, size: bytes.length };
    if (ledger.add(entry)) yield { entry };
  }
  const found = await findIndices(upstream, suites);
  for (const entry of found.flatMap(({ entries }) => entries)) {
    if (ledger.add(entry)) yield { entry };
  }
  const sieve = makeSieve(options, found);
  for (const index of found) {
    for await (const batch of entriesOf(upstream, index, options, sieve)) {
      for (const entry of batch) if (ledger.add(entry)) yield { entry };
    }
  }
  const filtered = sieve.filtered();
  if (filtered !== undefined) yield { filtered };
}

/** The files that an index names, as far as they are selected; some at a time. */
async function* entriesOf(
  upstream: Upstream,
  index: FoundIndex,
  options: AptOptions,
  sieve: Sieve,
): AsyncGenerator<readonly Entry[]> {
  const { kind } = index.index;
  const [{ path }] = index.entries;
  if (kind === "installer") {
    yield await readImages(await textOf(upstream, index), path.slice(0, path.lastIndexOf("/")), path);
  } else if (kind === "sources") {
    for await (const batch of readSources(await textOf(upstream, index), path)) {
      yield batch.filter((record) => sieve.keeps(index, record)).flatMap(sourceEntries);
    }
  } else if (kind === "packages" || kind === "udebs") {
    // One index for all architectures: those that nobody asked for are left out, as their indices are elsewhere.
    const wanted = new Set([...options.architectures, "all"]);
    const isWanted = (arch: string): boolean => !index.suite.flat || wanted.has(arch);
    for await (const batch of packagesOf(upstream, index)) {
      yield batch.filter((record) => isWanted(record.arch) && sieve.keeps(index, record)).map(packageEntry);
    }
  }
}

/** The packages that an index lists, some at a time, selected or not. */
export async function* packagesOf(
  upstream: Upstream,
  index: FoundIndex,
): AsyncGenerator<readonly PackageRecord[]> {
  yield* readPackages(await textOf(upstream, index), index.entries[0].path);
}

async function textOf(
  upstream: Upstream,
  { index, entries }: FoundIndex,
): Promise<AsyncIterable<Uint8Array>> {
  const [entry] = entries;
  const body = await upstream.get(entry);
  if (body === undefined) {
    throw new Moved(
      new SluiceError("file_missing", `${entry.path} was there a moment ago and is gone: try again.`),
    );
  }
  return plainIndex(body, index, entry.path);
}

function packageEntry(record: PackageRecord): Entry {
  const { name, version, arch, source, path, from, digests, size } = record;
  return {
    path,
    from,
    kind: "package",
    digests,
    size,
    package: { name, version, arch, ...(source !== undefined && { source }) },
  };
}

// Each file is one of the package: they are fetched together, and shown together.
function sourceEntries({ name, version, files }: SourceRecord): Entry[] {
  return files.map(({ path, size, digests }) => ({
    path,
    from: encodePath(path),
    kind: "package",
    digests,
    size,
    package: { name, version, arch: "source" },
  }));
}
