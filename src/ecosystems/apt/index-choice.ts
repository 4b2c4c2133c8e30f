import { architecturesOf, checkArchitecture, offersAll } from "./architectures.ts";
import { checkComponents, chooseComponents } from "./components.ts";
import { collector, groupForms, type Forms, type IndexKind, type WantedIndex } from "./forms.ts";
import { wantsIcons, wantsLanguage, type AptOptions } from "./options.ts";
import type { Release } from "./release.ts";

export interface Choice {
  /** As clients must name them. */
  readonly components: readonly string[];
  readonly indices: readonly WantedIndex[];
  /** Of which kinds the suite lists something, empty or not. */
  readonly kinds: ReadonlySet<IndexKind>;
}

type Want = (kind: IndexKind, component: string, name: string) => void;

/**
 * What of a suite the options ask for. Throws `not_offered` where the suite does not list it, `metadata_invalid`, `weak_digest`, `too_large`; `what` names
 * the Release.
 */
export function chooseIndices(release: Release, options: AptOptions, what: string): Choice {
  const listed = groupForms(release);
  const components = chooseComponents(release, options, listed, what);
  const { indices, kinds, want } = collector(listed, what);
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
  for (const name of options.architectures)
    checkArchitecture(name, release, options, { listed, components }, what);
  checkComponents(components, architectures, options, listed, what);
  return { components, indices, kinds };
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
