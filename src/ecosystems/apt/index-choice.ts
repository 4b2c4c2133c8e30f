import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { wantsLanguage, type AptOptions } from "./options.ts";
import type { Listed, Release } from "./release.ts";

/**
 * Endings of an index in the order in which apt asks (aptconfiguration.cc, CompressionTypes; plain last). It takes the first that Release lists.
 */
const ENDINGS = [".xz", ".bz2", ".lzma", ".gz", ".lz4", ".zst", ""] as const;

/** No index of any vendor comes near this; it bounds what a hostile one can make us hold. */
const MAX_INDEX_BYTES = 1024 ** 3;

/** One listed form of an index. */
export interface Form extends Listed {
  /** Relative to the folder of Release. */
  readonly path: string;
}

/** An index that the mirror must have in one form. Never one that is empty: apt does not ask for those. */
export interface WantedIndex {
  readonly kind: "packages" | "translation" | "release";
  /** Path without ending, relative to the folder of Release: `main/binary-amd64/Packages`. */
  readonly name: string;
  /** As it stands in paths, and as clients must name it. */
  readonly component: string;
  /** At least one, in the order in which apt asks. */
  readonly forms: readonly Form[];
  /** What Release says of the uncompressed form, whether or not the upstream has that. */
  readonly plain: Listed | undefined;
}

export interface Choice {
  /** As clients must name them. */
  readonly components: readonly string[];
  readonly indices: readonly WantedIndex[];
}

/** What of a suite the options ask for. Throws `not_offered`, `weak_digest`, `too_large`; `what` names the Release. */
export function chooseIndices(release: Release, options: AptOptions, what: string): Choice {
  const listed = groupForms(release);
  const components = chooseComponents(release, options, listed, what);
  checkArchitectures(release, options, listed, what);
  const indices: WantedIndex[] = [];
  const want = (kind: WantedIndex["kind"], component: string, name: string): void => {
    const index = wantedIndex(kind, component, name, listed.get(name), what);
    if (index !== undefined) indices.push(index);
  };
  for (const component of components) {
    for (const architecture of architecturesOf(release, options)) {
      want("packages", component, `${component}/binary-${architecture}/Packages`);
      want("release", component, `${component}/binary-${architecture}/Release`);
    }
    const translations = `${component}/i18n/Translation-`;
    for (const name of listed.keys()) {
      if (!name.startsWith(translations)) continue;
      const language = name.slice(translations.length);
      if (!language.includes("/") && wantsLanguage(options, language)) want("translation", component, name);
    }
  }
  return { components, indices };
}

type Forms = ReadonlyMap<string, readonly Form[]>;

// The listed forms of each index, by its name without ending, in apt's order.
function groupForms(release: Release): Forms {
  const groups = new Map<string, Form[]>();
  for (const [path, listed] of release.files) {
    const ending = ENDINGS.find((text) => path.endsWith(text)) ?? "";
    const name = path.slice(0, path.length - ending.length);
    const forms = groups.get(name) ?? [];
    forms.push({ ...listed, path });
    groups.set(name, forms);
  }
  const rank = (form: Form): number => ENDINGS.findIndex((ending) => form.path.endsWith(ending));
  for (const forms of groups.values()) forms.sort((a, b) => rank(a) - rank(b));
  return groups;
}

function wantedIndex(
  kind: WantedIndex["kind"],
  component: string,
  name: string,
  forms: readonly Form[] | undefined,
  what: string,
): WantedIndex | undefined {
  const plain = forms?.find((form) => form.path === name);
  if (forms === undefined || plain?.size === 0) return undefined;
  const filled = forms.filter((form) => form.size > 0);
  if (filled.length === 0) return undefined;
  const weak = filled.find((form) => strongest(form.digests) === undefined);
  if (weak !== undefined) {
    // Nobody asks for these at install time: one that cannot be proven is left behind.
    if (kind === "release") return undefined;
    throw new SluiceError(
      "weak_digest",
      `${what} vouches for '${weak.path}' by MD5 or SHA-1 only: it is refused; ask the vendor for SHA-256.`,
    );
  }
  const huge = filled.find((form) => form.size > MAX_INDEX_BYTES);
  if (huge !== undefined) {
    throw new SluiceError(
      "too_large",
      `${what} lists '${huge.path}' with ${huge.size} bytes, which no index has: refused.`,
    );
  }
  // Only Packages are read here; what is in a translation is the client's business.
  const readable = kind === "packages" ? filled.filter((form) => !form.path.endsWith(".lzma")) : filled;
  if (readable.length === 0) {
    throw new SluiceError(
      "metadata_invalid",
      `${what} offers '${name}' only as .lzma, which Sluice cannot read.`,
    );
  }
  return { kind, name, component, forms: readable, plain };
}

function chooseComponents(release: Release, options: AptOptions, listed: Forms, what: string): string[] {
  const offered = release.components ?? componentsOfPaths(listed);
  const asked = options.components ?? offered;
  const chosen = asked.map((name) => {
    // As apt does: `updates/main` and `main` are one, whichever of them config, Release and paths use.
    const match =
      offered.find((other) => other === name) ?? offered.find((other) => last(other) === last(name));
    if (match === undefined) {
      throw new SluiceError(
        "not_offered",
        `${what} does not offer the component '${name}': it offers ${offered.join(", ") || "none"}.`,
      );
    }
    return [name, match, last(match)].find((prefix) => hasBelow(listed, `${prefix}/`)) ?? last(match);
  });
  return [...new Set(chosen)];
}

function componentsOfPaths(listed: Forms): string[] {
  const found = new Set<string>();
  for (const name of listed.keys()) {
    const component = /^(.+)\/binary-[^/]+\/Packages$/.exec(name)?.[1];
    if (component !== undefined && last(component) !== "debian-installer") found.add(component);
  }
  return [...found];
}

function checkArchitectures(release: Release, options: AptOptions, listed: Forms, what: string): void {
  const alone = options.architectures.every((name) => name === "all");
  for (const name of options.architectures) {
    // The packages of `all` may as well stand in the index of each architecture.
    if (name === "all" && !alone) continue;
    if (release.architectures?.includes(name) || hasArchitecture(listed, name)) continue;
    throw new SluiceError(
      "not_offered",
      `${what} does not offer the architecture '${name}': it offers ${offeredArchitectures(release, listed)}.`,
    );
  }
}

function offeredArchitectures(release: Release, listed: Forms): string {
  const found = new Set(release.architectures);
  for (const name of listed.keys()) {
    const architecture = /\/binary-([^/]+)\/Packages$/.exec(name)?.[1];
    if (architecture !== undefined) found.add(architecture);
  }
  return [...found].join(", ") || "none";
}

// `all` is added where apt asks for binary-all: the suite says that it has it, and not that each architecture's index holds it too.
function architecturesOf(release: Release, options: AptOptions): string[] {
  const offersAll = release.architectures === undefined || release.architectures.includes("all");
  const implied = offersAll && !release.allInEach ? ["all"] : [];
  return [...new Set([...options.architectures, ...implied])];
}

function hasArchitecture(listed: Forms, architecture: string): boolean {
  return listed.keys().some((name) => name.endsWith(`/binary-${architecture}/Packages`));
}

function hasBelow(listed: Forms, prefix: string): boolean {
  return listed.keys().some((name) => name.startsWith(prefix));
}

function last(component: string): string {
  return component.slice(component.lastIndexOf("/") + 1);
}
