import type { ClientSnapshot } from "../contract.ts";
import { findIndices } from "./metadata.ts";
import type { Release } from "./release.ts";
import type { Suite } from "./suites.ts";
import { packagesOf } from "./walk.ts";

const NAMES_A_RECORD = 200;

/** What of one component of one suite a mirror lists and does not have: a sparse one, or one with holes. */
export interface LeftOut {
  readonly suite: string;
  /** Empty in a flat repository. */
  readonly component: string;
  /** The fields of a release pin, `o=Debian,n=trixie,…`; undefined where Release does not say whose it is. */
  readonly release: string | undefined;
  /** What apt gives the packages of this release by itself. */
  readonly priority: number;
  /** Names of which nothing is here, sorted. */
  readonly gone: readonly string[];
  /** All other names, sorted, where these are fewer: then they are what is named. */
  readonly kept: readonly string[] | undefined;
  /** Versions that are left out, of names of which another version is here; of all names where `release` is undefined. */
  readonly versions: readonly { readonly name: string; readonly arch: string; readonly version: string }[];
}

/** Compares what the indices list with what is there; gives the components of which something is missing. */
export async function leftOut(snapshot: ClientSnapshot, suites: readonly Suite[]): Promise<LeftOut[]> {
  const found: LeftOut[] = [];
  const indices = (await findIndices(snapshot.files, suites)).filter(
    ({ index }) => index.kind === "packages",
  );
  const parts = Map.groupBy(indices, ({ suite, index }) => `${suite.name} ${index.component}`);
  for (const part of parts.values()) {
    const kept = new Set<string>();
    const left = new Map<string, Set<string>>();
    for (const one of part) {
      for await (const batch of packagesOf(snapshot.files, one)) {
        for (const { name, arch, version, path } of batch) {
          if (snapshot.has(path)) kept.add(name);
          else left.set(name, (left.get(name) ?? new Set()).add(`${arch} ${version}`));
        }
      }
    }
    const [first] = part;
    if (first !== undefined && left.size > 0)
      found.push(leftOf(first.suite, first.index.component, kept, left));
  }
  return found;
}

function leftOf(
  suite: Suite,
  component: string,
  kept: ReadonlySet<string>,
  left: ReadonlyMap<string, ReadonlySet<string>>,
): LeftOut {
  const gone = [...left.keys()].filter((name) => !kept.has(name)).toSorted();
  const release = releaseFields(suite.release, component);
  const versions = [...left].flatMap(([name, texts]) =>
    kept.has(name) || release === undefined
      ? [...texts].map((text) => {
          const [arch = "", version = ""] = text.split(" ");
          return { name, arch, version };
        })
      : [],
  );
  return {
    suite: suite.name,
    component,
    release,
    priority: suite.release.priority,
    gone,
    kept: gone.length > kept.size ? [...kept].toSorted() : undefined,
    versions,
  };
}

/** The first and last lines of the preferences file: clients take it only with both. */
export function pinsFrame(mirror: string): readonly [string, string] {
  return [`# Pins of the mirror ${mirror}, by Sluice`, "# End of the pins"];
}

/**
 * Preferences (apt_preferences(5)) that keep apt from what a mirror leaves out: without them, one such candidate stops a whole `apt upgrade`. `whole`:
 * the names of which nothing is here are pinned too, not only single versions.
 */
export function preferences(mirror: string, left: readonly LeftOut[], whole: boolean): string {
  const [first, last] = pinsFrame(mirror);
  // A suite that does not say whose it is has no pin of its own: one by host would hide other mirrors of that host too.
  const records = left.flatMap((part) => [
    ...versionRecords(part),
    ...(whole && part.release !== undefined ? nameRecords(part, `release ${part.release}`) : []),
  ]);
  return [first, "", ...records, last, ""].join("\n");
}

function record(part: LeftOut, names: string, pin: string, priority: number): string {
  const place = part.component === "" ? part.suite : `${part.suite}/${part.component}`;
  const why = `Explanation: ${priority < 0 ? "left out of" : "in"} the mirror, ${place}`;
  return `${why}\nPackage: ${names}\nPin: ${pin}\nPin-Priority: ${priority}\n`;
}

// The first record that fits a version counts. Some versions of these are here: the others are pinned one by one. A release pin would take
// the whole name away; a version pin also hides this very version in other sources, where it is the same package.
function versionRecords(part: LeftOut): string[] {
  return part.versions.map(({ name, arch, version }) =>
    record(part, arch === "all" ? name : `${name}:${arch}`, `version ${version}`, -1),
  );
}

// All that is not kept by a pattern, which apt takes as if each name stood there: a bare `*` is weaker than `-t`, APT::Default-Release and the host's own `*`.
function nameRecords(part: LeftOut, pin: string): string[] {
  if (part.kept === undefined) return chunks(part.gone).map((names) => record(part, names, pin, -1));
  return [
    ...chunks(part.kept).map((names) => record(part, names, pin, part.priority)),
    record(part, "*:any", pin, -1),
  ];
}

// Without `:any`, apt takes a name for that of its own architecture only.
function chunks(names: readonly string[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < names.length; at += NAMES_A_RECORD) {
    const some = names.slice(at, at + NAMES_A_RECORD);
    out.push(some.map((name) => `${name}:any`).join(" "));
  }
  return out;
}

/** The fields that tell this suite from others, or undefined where it does not say whose it is. */
function releaseFields(release: Release, component: string): string | undefined {
  const { origin, label, codename, suite } = release;
  if (!isMatchable(origin) && !isMatchable(label)) return undefined;
  const fields = { o: origin, l: label, n: codename, a: suite, c: component };
  return Object.entries(fields)
    .flatMap(([letter, value]) => (isMatchable(value) ? [`${letter}=${value}`] : []))
    .join(",");
}

/** True for a word of Release that a pin can match: apt splits at commas, takes globs and regular expressions, and reads no more than 300 bytes in all. */
export function isMatchable(value: string | undefined): value is string {
  return value !== undefined && /^[A-Za-z0-9._+~:@()-][A-Za-z0-9._+~:@()/ -]{0,49}$/.test(value);
}
