import { SluiceError } from "../../base/errors.ts";
import { collector, groupForms, type Forms, type IndexKind, type WantedIndex } from "./forms.ts";
import { wantsIcons, wantsLanguage, type AptOptions } from "./options.ts";
import type { Release } from "./release.ts";

export interface Choice {
  /** As clients must name them. */
  readonly components: readonly string[];
  readonly indices: readonly WantedIndex[];
}

type Want = (kind: IndexKind, component: string, name: string) => void;

/** What of a suite the options ask for. Throws `not_offered`, `weak_digest`, `too_large`; `what` names the Release. */
export function chooseIndices(release: Release, options: AptOptions, what: string): Choice {
  const listed = groupForms(release);
  const components = chooseComponents(release, options, listed, what);
  checkArchitectures(release, options, listed, what);
  const { indices, want } = collector(listed, what);
  const architectures = architecturesOf(release, options);
  for (const component of components) {
    for (const architecture of architectures) {
      wantWithRelease(want, "packages", component, `${component}/binary-${architecture}/Packages`);
      if (options.udebs === true) {
        const udebs = `${component}/debian-installer/binary-${architecture}/Packages`;
        wantWithRelease(want, "udebs", component, udebs);
      }
    }
    if (options.sources === true) wantWithRelease(want, "sources", component, `${component}/source/Sources`);
    wantListed(want, component, listed, options);
  }
  if (options.contents === true) wantContents(want, components, release, options, listed);
  return { components, indices };
}

// The small Release beside an index, which the installer reads.
function wantWithRelease(want: Want, kind: IndexKind, component: string, name: string): void {
  want(kind, component, name);
  want("release", component, name.replace(/[^/]+$/, "Release"));
}

// What is known by the names that Release lists below the component.
function wantListed(want: Want, component: string, listed: Forms, options: AptOptions): void {
  const prefix = `${component}/`;
  for (const name of listed.keys()) {
    if (!name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    const language = /^i18n\/Translation-([^/]+)$/.exec(rest)?.[1];
    if (language !== undefined && wantsLanguage(options, language)) want("translation", component, name);
    const size = /^dep11\/icons-([^/]+)\.tar$/.exec(rest)?.[1];
    if (options.dep11 === true && size !== undefined && wantsIcons(options, size))
      want("target", component, name);
    const sums = /^installer-([^/]+)\/.+\/(SHA256|MD5)SUMS$/.exec(rest);
    if (options.installer === true && sums !== null && options.architectures.includes(sums[1] ?? ""))
      want(sums[2] === "SHA256" ? "installer" : "release", component, name);
  }
  for (const architecture of options.architectures) {
    if (options.dep11 === true)
      want("target", component, `${component}/dep11/Components-${architecture}.yml`);
    if (options.cnf === true) want("target", component, `${component}/cnf/Commands-${architecture}`);
  }
}

// As apt-file's configuration asks for them. Its fallback, one for all components beside Release, is what Ubuntu has.
function wantContents(
  want: Want,
  components: readonly string[],
  release: Release,
  options: AptOptions,
  listed: Forms,
): void {
  const all = offersAll(release) ? ["all"] : [];
  for (const architecture of new Set([...options.architectures, ...all])) {
    for (const component of components) {
      want("target", component, `${component}/Contents-${architecture}`);
      if (options.udebs === true) want("target", component, `${component}/Contents-udeb-${architecture}`);
    }
    if (!components.every((component) => listed.has(`${component}/Contents-${architecture}`)))
      want("target", "", `Contents-${architecture}`);
  }
  if (options.sources !== true) return;
  for (const component of components) want("target", component, `${component}/Contents-source`);
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
  const implied = offersAll(release) && !release.allInEach ? ["all"] : [];
  return [...new Set([...options.architectures, ...implied])];
}

function offersAll(release: Release): boolean {
  return release.architectures === undefined || release.architectures.includes("all");
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
