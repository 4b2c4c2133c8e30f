import type { AptOptions } from "./options.ts";
import type { Suite } from "./suites.ts";

/** What a suite offers and a mirror leaves where it is: hosts go on using their own entries for it. */
export interface Lacks {
  /** By the last part of their names, as apt compares them. */
  readonly components: readonly string[];
  readonly architectures: readonly string[];
}

export function lacksOf({ release }: Pick<Suite, "release">, options: AptOptions): Lacks {
  const paths = [...release.files.keys()].map((path) => /^(?:(.+)\/)?binary-([^/]+)\//.exec(path));
  const components = release.components ?? paths.map((match) => match?.[1] ?? "");
  const architectures = release.architectures ?? paths.map((match) => match?.[2] ?? "");
  // Where they are not named it is all of them; some of those may be empty.
  const kept = options.components?.map(last);
  const lacking = (offered: readonly string[], names: readonly string[]): string[] =>
    [...new Set(offered)].filter((name) => name !== "" && !names.includes(name));
  return {
    components: kept === undefined ? [] : lacking(components.map(last), kept),
    architectures: lacking(architectures, ["all", ...options.architectures]),
  };
}

function last(component: string): string {
  return component.slice(component.lastIndexOf("/") + 1);
}
