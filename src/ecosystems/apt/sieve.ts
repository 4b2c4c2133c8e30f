import { compileSelection } from "../../base/selection.ts";
import type { CommonOptions, Filtered } from "../contract.ts";
import type { FoundIndex } from "./metadata.ts";

interface Listed {
  readonly name: string;
  readonly section: string;
  /** Absent for a source package. */
  readonly arch?: string;
}

export interface Sieve {
  keeps(index: FoundIndex, listed: Listed): boolean;
  /** What it did so far; undefined where there is no filter. */
  filtered(): Filtered | undefined;
}

/** What a mirror keeps of the packages that these indices list; it counts them. */
export function makeSieve(options: CommonOptions, indices: readonly FoundIndex[]): Sieve {
  if (options.mode !== "sparse" || (options.skip === undefined && options.only === undefined))
    return { keeps: () => true, filtered: () => undefined };
  const filter = compileSelection(options);
  const forAll = indicesForAll(indices);
  let [listed, left] = [0, 0];
  return {
    keeps(index, { name, section, arch }) {
      const kept = filter.selects(name, fullSection(index.index.component, section));
      if (arch === "all" && !forAll.has(index)) return kept;
      listed++;
      if (!kept) left++;
      return kept;
    },
    filtered: () => ({ listed, left, unmatched: filter.unmatched() }),
  };
}

// Packages for all architectures may stand in the index of each one too: here they count once.
function indicesForAll(indices: readonly FoundIndex[]): ReadonlySet<FoundIndex> {
  const parts = Map.groupBy(indices, ({ suite, index }) => `${suite.name} ${index.kind} ${index.component}`);
  return new Set(
    [...parts.values()].flatMap((part) => {
      const one = part.find(({ index }) => index.name.endsWith("/binary-all/Packages")) ?? part.at(-1);
      return one === undefined ? [] : [one];
    }),
  );
}

// Always `component/section`: main's own sections stand there bare, those of others with their component.
function fullSection(component: string, section: string): string {
  if (component === "") return section;
  return `${lastElement(component)}/${lastElement(section)}`;
}

function lastElement(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
