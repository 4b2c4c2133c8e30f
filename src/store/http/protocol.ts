import { SluiceError } from "../../base/errors.ts";

/**
 * How a site offers its store over HTTP, below its URL; read-only.
 * `blobs/<sha256>`: the bytes, whole or by Range. `refs/<name>/<n>.json`: one version, as it is stored.
 * `refs/<name>`: Versions. `refs?prefix=P&after=N`: RefPage.
 */
export const STORE_PATH = "_/store/v1";

/** Numbers in a row, both ends inclusive. */
export type Run = readonly [first: number, last: number];

/** The numbers of one ref's versions, in ascending runs; none where there is no such ref. */
export interface Versions {
  readonly versions: readonly Run[];
}

/** Refs by name, sorted, with their versions. */
export interface RefPage {
  readonly refs: readonly (Versions & { readonly name: string })[];
  /** Where there are more: the `after` of the next page. */
  readonly next?: string;
}

/** Names of one page: only the last has fewer. */
export const PAGE = 500;

/** The refs that a site offers, by the first segment of their names: those that travel. */
const OFFERED: readonly string[] = ["channels", "identity", "imports", "sites", "snapshots"];

export function offeredTop(name: string): string | undefined {
  const [top] = name.split("/", 1);
  return top !== undefined && OFFERED.includes(top) ? top : undefined;
}

/** The first segments that names with this prefix can have. */
export function topsOf(prefix: string): string[] {
  return OFFERED.filter((top) => top.startsWith(prefix) || prefix.startsWith(`${top}/`));
}

/** Versions of one ref at most: what a stranger says is not believed for ever. */
const MOST_VERSIONS = 100_000;

export function runsOf(numbers: readonly number[]): Run[] {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** The numbers of the runs; throws store_foreign for what runsOf would not have given. */
export function numbersOf(runs: unknown): number[] {
  const numbers: number[] = [];
  if (!Array.isArray(runs)) throw foreign("versions are no list");
  for (const run of runs as readonly unknown[]) {
    const [first, last]: unknown[] = Array.isArray(run) && run.length === 2 ? run : [];
    const isRow =
      Number.isSafeInteger(first) &&
      Number.isSafeInteger(last) &&
      (first as number) > (numbers.at(-1) ?? 0) &&
      (last as number) >= (first as number);
    if (!isRow) throw foreign("versions are no row of numbers");
    if (numbers.length + (last as number) - (first as number) >= MOST_VERSIONS)
      throw foreign(`a record has more than ${MOST_VERSIONS} versions`);
    for (let number = first as number; number <= (last as number); number++) numbers.push(number);
  }
  return numbers;
}

export function foreign(what: string): SluiceError {
  return new SluiceError(
    "store_foreign",
    `The other site does not answer as a Sluice does (${what}): check its URL, and what stands between.`,
  );
}
