import type { ClientContext } from "../contract.ts";
import { findIndices } from "./metadata.ts";
import type { AptOptions } from "./options.ts";
import type { Release } from "./release.ts";
import type { Suite } from "./suites.ts";
import { packagesOf } from "./walk.ts";

const NAMES_A_RECORD = 200;

/** Packages of one component of one suite: versions (as `arch version`) of each name that the snapshot has, and of those that it has not. */
interface Part {
  readonly suite: Suite;
  readonly component: string;
  readonly kept: Map<string, Set<string>>;
  readonly left: Map<string, Set<string>>;
}

/**
 * Preferences (apt_preferences(5)) that keep apt from what a sparse mirror leaves out: without them, one such candidate stops a whole `apt upgrade`.
 * Undefined where nothing is left out.
 */
export async function preferences(
  context: ClientContext<AptOptions>,
  suites: readonly Suite[],
): Promise<{ content: string; notes: string[] } | undefined> {
  const parts = await readParts(context, suites);
  const records: string[] = [];
  let names = 0;
  for (const part of parts) {
    records.push(...partRecords(part, matchOf(part, context.url)));
    names += part.left.size;
  }
  if (names === 0) return undefined;
  const host = parts.some((part) => releaseFields(part) === undefined);
  return {
    content: records.join("\n"),
    notes: [
      `This mirror is sparse: ${names} ${names === 1 ? "package is" : "packages are"} listed but left out; the preferences file keeps apt from them.`,
      "Fetch this set-up again when the channel moves, since new packages may have been left out.",
      ...(host
        ? [`A suite names no Origin or Label: its pins hold for all that comes from ${hostOf(context.url)}.`]
        : []),
    ],
  };
}

async function readParts(context: ClientContext<AptOptions>, suites: readonly Suite[]): Promise<Part[]> {
  const parts = new Map<string, Part>();
  for (const found of await findIndices(context.snapshot, suites)) {
    const { suite, index } = found;
    if (index.kind !== "packages") continue;
    const key = `${suite.name} ${index.component}`;
    const part = parts.get(key) ?? { suite, component: index.component, kept: new Map(), left: new Map() };
    parts.set(key, part);
    for await (const batch of packagesOf(context.snapshot, found)) {
      for (const { name, arch, version, path } of batch) {
        const side = context.has(path) ? part.kept : part.left;
        const versions = side.get(name) ?? new Set();
        versions.add(`${arch} ${version}`);
        side.set(name, versions);
      }
    }
  }
  return [...parts.values()];
}

function partRecords({ suite, component, kept, left }: Part, pin: string): string[] {
  if (left.size === 0) return [];
  const records: string[] = [];
  const record = (names: string, match: string, priority: number): void => {
    const why = `Explanation: ${priority < 0 ? "left out of" : "in"} the sparse mirror, ${suite.name}/${component}`;
    records.push(`${why}\nPackage: ${names}\nPin: ${match}\nPin-Priority: ${priority}\n`);
  };
  // The first record that fits a version counts. Some versions of these are here: the others are pinned one by one. A release pin would take
  // the whole name away; a version pin also hides this very version in other sources, where it is the same package.
  for (const [name, versions] of left) {
    if (!kept.has(name)) continue;
    for (const text of versions) {
      const [arch = "", version = ""] = text.split(" ");
      record(arch === "all" ? name : `${name}:${arch}`, `version ${version}`, -1);
    }
  }
  const gone = [...left.keys()].filter((name) => !kept.has(name));
  if (gone.length > kept.size) {
    record("*", pin, -1);
    for (const names of chunks([...kept.keys()])) record(names, pin, suite.release.priority);
  } else {
    for (const names of chunks(gone)) record(names, pin, -1);
  }
  return records;
}

// Without `:any`, apt takes a name for that of its own architecture only.
function chunks(names: readonly string[]): string[] {
  const sorted = names.toSorted();
  const out: string[] = [];
  for (let at = 0; at < sorted.length; at += NAMES_A_RECORD) {
    out.push(
      sorted
        .slice(at, at + NAMES_A_RECORD)
        .map((name) => `${name}:any`)
        .join(" "),
    );
  }
  return out;
}

function matchOf(part: Part, url: string): string {
  const fields = releaseFields(part);
  return fields === undefined ? `origin "${hostOf(url)}"` : `release ${fields}`;
}

/** The fields that tell this suite from others, or undefined where it does not say whose it is. */
function releaseFields({ suite, component }: Part): string | undefined {
  const { origin, label, codename, suite: archive }: Release = suite.release;
  if (!isMatchable(origin) && !isMatchable(label)) return undefined;
  const fields = { o: origin, l: label, n: codename, a: archive, c: component };
  return Object.entries(fields)
    .flatMap(([letter, value]) => (isMatchable(value) ? [`${letter}=${value}`] : []))
    .join(",");
}

// apt splits at commas, takes globs and regular expressions, and reads no more than 300 bytes in all.
function isMatchable(value: string | undefined): value is string {
  return value !== undefined && /^[A-Za-z0-9._+~:@()-][A-Za-z0-9._+~:@()/ -]{0,49}$/.test(value);
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}
