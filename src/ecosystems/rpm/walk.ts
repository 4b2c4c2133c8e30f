import { encodePath } from "../../base/path.ts";
import type { Trust } from "../../trust/contract.ts";
import type { Entry, Upstream } from "../../upstream/contract.ts";
import type { CommonOptions, Step } from "../contract.ts";
import { dataEntry } from "./metadata.ts";
import { inFolder, type RpmOptions } from "./options.ts";
import { packagesOf, type PackageRecord } from "./primary.ts";
import { claimOf, readRepositories, type Repository } from "./repositories.ts";
import { makeSieve } from "./sieve.ts";

/** The walk: claims, then roots, then all repodata, then the packages that primary.xml lists. */
export async function* enumerate(
  upstream: Upstream,
  options: RpmOptions & CommonOptions,
  trust: Trust,
): AsyncGenerator<Step> {
  const repositories = await readRepositories(upstream, options, trust);
  if (repositories === "unchanged") {
    yield repositories;
    return;
  }
  for (const repository of repositories) yield { claim: claimOf(repository, options, trust) };
  for (const { path, from, sha256, bytes } of repositories.flatMap(({ roots }) => roots.files)) {
    yield { entry: { path, from, kind: "root", digests: { sha256 }, size: bytes.length } };
  }
  for (const repository of repositories) {
    for (const data of repository.repomd.data) yield { entry: dataEntry(repository, data) };
  }
  const sieve = await makeSieve(options, upstream, repositories);
  for (const repository of repositories) {
    for await (const batch of packagesOf(upstream, repository)) {
      for (const record of batch) {
        if (sieve.keeps(repository, record)) yield { entry: packageEntry(repository, record) };
      }
    }
  }
  const filtered = sieve.filtered();
  if (filtered !== undefined) yield { filtered };
}

function packageEntry({ place }: Repository, record: PackageRecord): Entry {
  const { name, version, arch, href, digests, size } = record;
  const path = inFolder(place.folder, href);
  return { path, from: encodePath(path), kind: "package", digests, size, package: { name, version, arch } };
}
