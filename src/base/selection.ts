import picomatch from "picomatch";

/** Globs of `skip:` and `only:`; a package matches if its section or its name matches one of them. */
export interface Selector {
  readonly sections?: readonly string[] | undefined;
  readonly packages?: readonly string[] | undefined;
}

export interface Selection {
  readonly skip?: Selector | undefined;
  readonly only?: Selector | undefined;
}

export type Selects = (name: string, section: string) => boolean;

/** Which packages a sparse mirror keeps: those that `only` names (all, if it is absent), without those that `skip` names. */
export function compileSelection(selection: Selection): Selects {
  const skip = selection.skip && compileSelector(selection.skip);
  const only = selection.only && compileSelector(selection.only);
  return (name, section) => (only === undefined || only(name, section)) && !(skip?.(name, section) ?? false);
}

function compileSelector(selector: Selector): Selects {
  const section = matcher(selector.sections);
  const name = matcher(selector.packages);
  // Sections may stand as `component/section`: a bare glob means the section in every component.
  return (packageName, packageSection) =>
    name(packageName) ||
    section(packageSection) ||
    section(packageSection.slice(packageSection.lastIndexOf("/") + 1));
}

function matcher(globs: readonly string[] | undefined): (text: string) => boolean {
  if (globs === undefined || globs.length === 0) return () => false;
  return picomatch([...globs], { dot: true, nonegate: true, noextglob: true, bash: false });
}
