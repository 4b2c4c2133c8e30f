import { compileSelection } from "../../base/selection.ts";
import type { CommonOptions, Filtered } from "../contract.ts";

export interface Sieve {
  keeps(listed: { readonly name: string; readonly group: string }): boolean;
  /** What it did so far; undefined where there is no filter. */
  filtered(): Filtered | undefined;
}

/** What a mirror keeps of the packages that are listed; it counts them. */
export function makeSieve(options: CommonOptions): Sieve {
  if (options.mode !== "sparse" || (options.skip === undefined && options.only === undefined))
    return { keeps: () => true, filtered: () => undefined };
  const filter = compileSelection(options);
  let [listed, left] = [0, 0];
  return {
    keeps({ name, group }) {
      const kept = filter.selects(name, group);
      listed++;
      if (!kept) left++;
      return kept;
    },
    filtered: () => ({ listed, left, unmatched: filter.unmatched() }),
  };
}
