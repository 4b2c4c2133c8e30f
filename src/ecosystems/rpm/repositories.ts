import type { Trust } from "../../trust/contract.ts";
import type { Upstream } from "../../upstream/contract.ts";
import type { Claim } from "../contract.ts";
import { inFolder, places, type Place, type RpmOptions } from "./options.ts";
import { parseRepomd, type Repomd } from "./repomd.ts";
import { keyringOf, proveRoots, rootGroup, type RepositoryRoots } from "./roots.ts";

/** A repository whose roots are proven. */
export interface Repository {
  readonly place: Place;
  readonly roots: RepositoryRoots;
  readonly repomd: Repomd;
}

/** Asks for the roots of all repositories at once, and proves them. */
export async function readRepositories(
  upstream: Upstream,
  options: RpmOptions,
  trust: Trust,
): Promise<Repository[] | "unchanged"> {
  const all = places(options);
  const set = await upstream.roots(all.map(({ folder }) => rootGroup(folder)));
  if (set === "unchanged") return set;
  const keyring = await keyringOf(trust);
  const found: Repository[] = [];
  for (const place of all) {
    const roots = await proveRoots(place.folder, set, keyring);
    found.push({ place, roots, repomd: await parseRepomd(roots.repomd.bytes, roots.repomd.path) });
  }
  return found;
}

/** What a repository's repomd.xml claims, for `admit` to judge. */
export function claimOf({ place, roots, repomd }: Repository, options: RpmOptions, trust: Trust): Claim {
  const weak = roots.signers.flatMap((signer) =>
    signer.weak.map((weakness) => `${weakness}: signature by ${signer.fingerprint} (${signer.userId})`),
  );
  if (trust.kind === "none") weak.push("unsigned: trust: none");
  else if (trust.scope === "packages") weak.push("metadata unsigned: trust: packages");
  if (!options.gpgcheck) weak.push("signatures of packages not checked: gpgcheck: false");
  const times = repomd.data.flatMap(({ timestamp }) => (timestamp === undefined ? [] : [timestamp]));
  // Vendors may write what they like; a number is one that goes up.
  const revision = /^\d{1,15}$/.test(repomd.revision ?? "") ? Number(repomd.revision) : undefined;
  return {
    root: inFolder(place.folder, "repodata"),
    signers: roots.signers,
    date: times.length === 0 ? undefined : Math.max(...times),
    serial: revision,
    names: repomd.distros,
    weak: [...weak, ...roots.notes],
  };
}
