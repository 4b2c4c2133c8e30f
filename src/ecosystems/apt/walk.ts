import { compileSelection } from "../../base/selection.ts";
import { SluiceError } from "../../base/errors.ts";
import type { Trust } from "../../trust/contract.ts";
import { Moved, type Entry, type Upstream } from "../../upstream/contract.ts";
import type { CommonOptions, Step } from "../contract.ts";
import { Ledger } from "./ledger.ts";
import { findIndices, type FoundIndex } from "./metadata.ts";
import type { AptOptions } from "./options.ts";
import { readPackages, type PackageRecord } from "./packages.ts";
import { plainIndex } from "./plain.ts";
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
  const selects = options.mode === "sparse" ? compileSelection(options) : () => true;
  for (const index of found) {
    if (index.index.kind !== "packages") continue;
    for await (const batch of packagesOf(upstream, index)) {
      for (const record of batch) {
        if (!selects(record.name, fullSection(index.index.component, record.section))) continue;
        const entry = packageEntry(record);
        if (ledger.add(entry)) yield { entry };
      }
    }
  }
}

/** The packages that an index lists, some at a time, selected or not. */
export async function* packagesOf(
  upstream: Upstream,
  { index, form, entries }: FoundIndex,
): AsyncGenerator<readonly PackageRecord[]> {
  const [entry] = entries;
  const body = await upstream.get(entry);
  if (body === undefined) {
    throw new Moved(
      new SluiceError("file_missing", `${entry.path} was there a moment ago and is gone: try again.`),
    );
  }
  yield* readPackages(plainIndex(body, index, form, entry.path), entry.path);
}

// Always `component/section`: main's own sections stand there bare, those of others with their component.
function fullSection(component: string, section: string): string {
  return `${lastElement(component)}/${lastElement(section)}`;
}

function lastElement(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
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
