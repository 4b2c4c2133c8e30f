import { compileGlob } from "./glob.ts";

/** Globs of `skip:` and `only:`; a package matches if its section or its name matches one of them. */
export interface Selector {
  readonly sections?: readonly string[] | undefined;
  readonly packages?: readonly string[] | undefined;
}

export interface Selection {
  readonly skip?: Selector | undefined;
  readonly only?: Selector | undefined;
}

export interface Filter {
  /** True for a package that is kept. */
  selects(name: string, section: string): boolean;
  /** The globs that nothing has matched so far. */
  unmatched(): string[];
}

/** Which packages a sparse mirror keeps: those that `only` names (all, if it is absent), without those that `skip` names. */
export function compileSelection({ only, skip }: Selection): Filter {
  const [kept, left] = [compileSelector(only), compileSelector(skip)];
  return {
    selects(name, section) {
      // Both are asked, so that each glob meets every package.
      const [isKept, isLeft] = [kept.matches(name, section), left.matches(name, section)];
      return (only === undefined || isKept) && !isLeft;
    },
    unmatched: () => [...new Set([...kept.unmatched(), ...left.unmatched()])],
  };
}

function compileSelector(selector: Selector | undefined) {
  const [section, name] = [matcher(selector?.sections), matcher(selector?.packages)];
  return {
    // Sections may stand as `component/section`: a bare glob means the section in every component.
    matches(packageName: string, packageSection: string): boolean {
      const bare = packageSection.slice(packageSection.lastIndexOf("/") + 1);
      const bySection = section.matches(packageSection, bare);
      return name.matches(packageName) || bySection;
    },
    unmatched: () => [...section.unmatched(), ...name.unmatched()],
  };
}

function matcher(globs: readonly string[] = []) {
  const all = globs.map((glob) => ({
    glob,
    fits: compileGlob(glob),
    met: false,
  }));
  return {
    /** True if one of the globs matches one of the texts. */
    matches(...texts: readonly string[]): boolean {
      let found = false;
      for (const one of all) {
        if ((found && one.met) || !texts.some((text) => one.fits(text))) continue;
        one.met = true;
        found = true;
      }
      return found;
    },
    unmatched: () => all.flatMap(({ glob, met }) => (met ? [] : [glob])),
  };
}
