import { SluiceError } from "../../base/errors.ts";
import { openKeyring } from "../../trust/openpgp.ts";
import type { CommonOptions, ClientSnapshot } from "../contract.ts";
import { inFolder, type RpmOptions } from "./options.ts";
import { packagesOf } from "./primary.ts";
import { readRepositories, type Repository } from "./repositories.ts";

/** What a set-up needs of a snapshot: small, whatever the size of its indices. */
export interface Survey {
  /** By the template of each repository: what is listed and not there, as dnf's `excludepkgs` has it, sorted. */
  readonly left: Readonly<Record<string, readonly string[]>>;
  /** The vendor's keys, armoured; undefined where nobody is trusted by key. */
  readonly keys: string | undefined;
  /** By what a host can prove what it gets. */
  readonly proof: { readonly metadata: boolean; readonly packages: boolean };
}

/** Reads a snapshot for its clients. */
export async function survey(snapshot: ClientSnapshot, options: RpmOptions & CommonOptions): Promise<Survey> {
  const { trust } = snapshot;
  const repositories = await readRepositories(snapshot.files, options, trust);
  if (repositories === "unchanged")
    throw new SluiceError("internal", "A snapshot answered as if it were an upstream.");
  const left: Record<string, readonly string[]> = {};
  if (options.mode === "sparse" || snapshot.holes > 0) {
    for (const [template, part] of Map.groupBy(repositories, ({ place }) => place.template)) {
      const missing = await leftOut(snapshot, part);
      if (missing.length > 0) left[template] = missing;
    }
  }
  const isKeyed = trust.kind === "keys";
  return {
    left,
    keys: isKeyed ? (await openKeyring(trust)).armors().join("\n") : undefined,
    proof: { metadata: isKeyed && trust.scope === undefined, packages: isKeyed && options.gpgcheck },
  };
}

// An architecture or a name of which nothing is here, else each version that is not.
async function leftOut(snapshot: ClientSnapshot, repositories: readonly Repository[]): Promise<string[]> {
  const kept = new Set<string>();
  const keptArchs = new Set<string>();
  const goneArchs = new Set<string>();
  const gone = new Map<string, { arch: string; nevra: string }[]>();
  for (const repository of repositories) {
    for await (const batch of packagesOf(snapshot.files, repository)) {
      for (const { name, version, arch, href } of batch) {
        if (snapshot.has(inFolder(repository.place.folder, href))) {
          kept.add(name);
          keptArchs.add(arch);
          continue;
        }
        goneArchs.add(arch);
        const versions = gone.get(name) ?? [];
        versions.push({ arch, nevra: `${name}-${version}.${arch}` });
        gone.set(name, versions);
      }
    }
  }
  const whole = [...goneArchs].filter((arch) => !keptArchs.has(arch));
  const others = [...gone].flatMap(([name, versions]) => {
    const rest = versions.filter(({ arch }) => !whole.includes(arch));
    if (rest.length === 0) return [];
    return kept.has(name) ? rest.map(({ nevra }) => nevra) : [name];
  });
  return [...whole.map((arch) => `*.${arch}`), ...others].toSorted();
}
