import { compileSelection } from "../../base/selection.ts";
import type { Upstream } from "../../upstream/contract.ts";
import type { CommonOptions, Filtered } from "../contract.ts";
import { contentOf } from "./metadata.ts";
import { moduleArtifacts, nevraWithEpoch } from "./modules.ts";
import { findNewest, type Newest } from "./newest.ts";
import type { RpmOptions } from "./options.ts";
import { packagesOf, type PackageRecord } from "./primary.ts";
import type { Repository } from "./repositories.ts";

export interface Sieve {
  keeps(repository: Repository, listed: PackageRecord): boolean;
  /** What it did so far; undefined where there is no filter. */
  filtered(): Filtered | undefined;
}

/** What a mirror keeps of the packages that are listed; it counts them. With `newest`, it reads all lists first. */
export async function makeSieve(
  options: RpmOptions & CommonOptions,
  upstream: Upstream,
  repositories: readonly Repository[],
): Promise<Sieve> {
  const { mode, skip, only, architectures, newest } = options;
  if (mode !== "sparse" || [skip, only, architectures, newest].every((key) => key === undefined))
    return { keeps: () => true, filtered: () => undefined };
  const filter = compileSelection(options);
  const isWanted = (arch: string): boolean =>
    architectures === undefined || arch === "noarch" || architectures.includes(arch);
  const found = new Map<Repository, Newest>();
  const inModules = new Map<Repository, ReadonlySet<string>>();
  if (newest !== undefined) {
    for (const repository of repositories) {
      found.set(repository, await findNewest(packagesOf(upstream, repository), newest));
      inModules.set(repository, await artifactsOf(upstream, repository));
    }
  }
  let [listed, left] = [0, 0];
  return {
    keeps(repository, record) {
      const { name, group, arch } = record;
      const isNew =
        found.get(repository)?.has(record) !== false ||
        inModules.get(repository)?.has(nevraWithEpoch(record)) === true;
      const kept = filter.selects(name, group) && isWanted(arch) && isNew;
      listed++;
      if (!kept) left++;
      return kept;
    },
    filtered: () => ({ listed, left, unmatched: filter.unmatched() }),
  };
}

async function artifactsOf(upstream: Upstream, repository: Repository): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const data of repository.repomd.data) {
    if (data.type !== "modules") continue;
    for await (const one of moduleArtifacts(await contentOf(upstream, repository, data))) found.add(one);
  }
  return found;
}
