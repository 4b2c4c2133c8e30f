import { SluiceError } from "../../base/errors.ts";
import type { Trust } from "../../trust/contract.ts";
import type { Upstream } from "../../upstream/contract.ts";
import type { Claim } from "../contract.ts";
import { chooseFlatIndices } from "./flat-choice.ts";
import { chooseIndices, type Choice } from "./index-choice.ts";
import { isFlat, type AptOptions } from "./options.ts";
import { parseRelease, type Release } from "./release.ts";
import { keyringOf, proveRoots, rootGroup, suiteFolder, type SuiteRoots } from "./roots.ts";

/** A suite whose roots are proven, and what of it the options ask for. */
export interface Suite {
  readonly name: string;
  /** `dists/<suite>`; of a flat repository the folder itself, empty where that is the base. */
  readonly folder: string;
  readonly flat: boolean;
  readonly roots: SuiteRoots;
  readonly release: Release;
  readonly choice: Choice;
}

/** Asks for the roots of all suites at once, and proves them. */
export async function readSuites(
  upstream: Upstream,
  options: AptOptions,
  trust: Trust,
): Promise<Suite[] | "unchanged"> {
  const names = distinct(options.suites);
  const set = await upstream.roots(names.map(rootGroup));
  if (set === "unchanged") return set;
  const keyring = await keyringOf(trust);
  const suites: Suite[] = [];
  for (const name of names) {
    const folder = suiteFolder(name);
    const flat = isFlat(name);
    const what = `The Release of ${rootName(folder, flat)}`;
    const roots = await proveRoots(name, set, keyring);
    const release = parseRelease(roots.text, what);
    if (release.files.size === 0) {
      throw new SluiceError(
        "weak_digest",
        `${what} lists no files with their digests, so that its signature vouches for none: apt refuses it too; ask the vendor for a list by SHA-256.`,
      );
    }
    // What a flat repository calls itself need not be its folder.
    if (!flat && !options["allow-suite-mismatch"]) checkSuite(name, release, what);
    const choice = flat ? chooseFlatIndices(release, options, what) : chooseIndices(release, options, what);
    suites.push({ name, folder, flat, roots, release, choice });
  }
  checkKinds(suites, options);
  return suites;
}

const BY_OPTION = [
  ["sources", "Sources"],
  ["udebs", "packages of the installer (udebs)"],
  ["installer", "installer images with SHA256SUMS"],
] as const;

// Not each suite has what is asked for by an option of its own, but one of them must.
function checkKinds(suites: readonly Suite[], options: AptOptions): void {
  for (const [key, words] of BY_OPTION) {
    if (options[key] !== true || suites.some(({ choice }) => choice.kinds.has(key))) continue;
    const names = suites.map(({ folder, flat }) => rootName(folder, flat)).join(", ");
    throw new SluiceError(
      "not_offered",
      `The Release of ${names} lists no ${words}: take \`${key}: true\` out, or check components and architectures.`,
    );
  }
}

// `./` and `/` are two names of one folder.
function distinct(suites: readonly string[]): string[] {
  const byFolder = new Map<string, string>();
  for (const suite of suites) {
    const folder = suiteFolder(suite);
    if (!byFolder.has(folder)) byFolder.set(folder, suite);
  }
  return [...byFolder.values()];
}

/** A root as people and records name it. */
function rootName(folder: string, flat: boolean): string {
  if (!flat) return folder;
  return folder === "" ? "./" : `${folder}/`;
}

// As apt's CheckDist (metaindex.cc), but an error: it is how the wrong repository under the right key shows.
function checkSuite(asked: string, release: Release, what: string): void {
  if (release.suite === undefined || release.codename === undefined || isNamed(asked, release)) return;
  throw new SluiceError(
    "wrong_repository",
    `${what} is that of Suite '${release.suite}', Codename '${release.codename}', not of '${asked}': check upstream and suites, or set \`allow-suite-mismatch: true\`.`,
  );
}

function isNamed(asked: string, release: Release): boolean {
  const slash = asked.lastIndexOf("/");
  const names = slash < 0 ? [asked] : [asked, asked.slice(0, slash)];
  return names.some((name) => name === release.suite || name === release.codename);
}

/** What the suite's Release claims, for `admit` to judge. */
export function claimOf(suite: Suite, trust: Trust): Claim {
  const { release, roots } = suite;
  const weak = roots.signers.flatMap((signer) =>
    signer.weak.map((weakness) => `${weakness}: signature by ${signer.fingerprint} (${signer.userId})`),
  );
  if (trust.kind === "none") weak.push("unsigned: trust: none");
  weak.push(...roots.notes);
  for (const name of release.repeated)
    weak.push(`more than one field '${name.slice(0, 60)}': the last counts`);
  if (release.dateText === undefined) weak.push("no Date");
  else if (release.date === undefined) weak.push(`unreadable Date '${release.dateText.slice(0, 60)}'`);
  const names = [release.suite, release.codename].filter((name) => name !== undefined);
  if (!suite.flat && names.length > 0 && !isNamed(suite.name, release))
    weak.push(`calls itself ${names.join(", ")}`);
  return {
    root: rootName(suite.folder, suite.flat),
    signers: roots.signers,
    date: release.date,
    validUntil: release.validUntil,
    names: [...new Set(names)],
    weak,
  };
}
