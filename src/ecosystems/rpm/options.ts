import { z } from "zod";
import { pathFault } from "../../base/path.ts";
import type { CommonOptions } from "../contract.ts";

const template = z
  .string()
  .regex(
    /^[A-Za-z0-9._+~$/-]{1,200}$/,
    "a repository may hold letters, digits and . _ + ~ - / only, and $releasever and $basearch",
  )
  .refine(
    (text) => pathFault(plain(text)) === undefined || plain(text) === "",
    "a repository is a plain relative path",
  )
  .refine(
    (text) => !text.replaceAll(VARIABLES, "").includes("$"),
    "of variables, $releasever and $basearch alone have a value",
  );

const VARIABLES = /\$(releasever|basearch)\b/g;

const value = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,60}$/, "may hold letters, digits and . _ + ~ - only");

/** What a mirror of rpm repositories may say in the config, besides the engine's own keys. Plain JSON before and after parsing. */
export const rpmOptions = z.object({
  repositories: z
    .array(template)
    .min(1)
    .default(["."])
    .describe(
      "Folders below `upstream` that hold a `repodata/`: `BaseOS/$basearch/os`, with `$releasever` and `$basearch` as in a `.repo` file. By default `.`, the upstream itself.",
    ),
  releasever: z
    .array(value)
    .min(1)
    .optional()
    .describe("Values of `$releasever` in `repositories`: `[9]`, as text."),
  basearch: z
    .array(value)
    .min(1)
    .optional()
    .describe("Values of `$basearch` in `repositories`: `[x86_64, aarch64]`."),
  architectures: z
    .array(value)
    .min(1)
    .optional()
    .describe(
      "Architectures of packages to keep, and `noarch` with them: `[x86_64]` leaves out `i686` and source packages (`src`). Needs `mode: sparse`.",
    ),
  newest: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Keep so many of the newest versions of each package and architecture, and all that modules list. Needs `mode: sparse`.",
    ),
  gpgcheck: z
    .boolean()
    .default(true)
    .describe(
      "Hold each package to its own signature and digests, as clients do with `gpgcheck=1`. `false` takes packages on the word of the metadata; every listing then says so.",
    ),
});

export type RpmOptions = z.infer<typeof rpmOptions>;

/** Where a repository lies: a path without final slash, empty for the upstream itself. */
export interface Place {
  readonly folder: string;
  /** The same with `$releasever` and `$basearch` in it, as a `.repo` file has it. */
  readonly template: string;
}

/** Every folder that the options name, each once. */
export function places(options: RpmOptions): Place[] {
  const found = new Map<string, Place>();
  for (const text of options.repositories.map(plain)) {
    for (const releasever of options.releasever ?? [""]) {
      for (const basearch of options.basearch ?? [""]) {
        const folder = text.replaceAll("$releasever", releasever).replaceAll("$basearch", basearch);
        if (!found.has(folder)) found.set(folder, { folder, template: text });
      }
    }
  }
  return [...found.values()];
}

/** The path of a file in a repository's folder. */
export function inFolder(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function plain(text: string): string {
  return text.replace(/^\.\/?/, "").replace(/\/$/, "");
}

/** Faults that the schema cannot say. */
export function checkRpmOptions(
  options: RpmOptions & CommonOptions,
  trust: "keys" | "packages" | "none",
): { path: (string | number)[]; message: string }[] {
  const unproven = {
    path: ["gpgcheck"],
    message: "is off beside `trust: packages`, so that nothing at all would be proven: keep one of them",
  };
  const variables = (["releasever", "basearch"] as const).flatMap((name) => {
    const isUsed = options.repositories.some((text) => text.includes(`$${name}`));
    if (isUsed === (options[name] !== undefined)) return [];
    const message = isUsed
      ? `has no value, and \`repositories\` has $${name}: list its values`
      : `is in none of \`repositories\`: take it out, or put $${name} where it belongs`;
    return [{ path: [name], message }];
  });
  const filters = (["architectures", "newest"] as const).flatMap((name) =>
    options[name] === undefined || options.mode === "sparse"
      ? []
      : [{ path: [name], message: "leaves packages out: say `mode: sparse` with it" }],
  );
  const faults = [...variables, ...filters];
  return trust === "packages" && !options.gpgcheck ? [unproven, ...faults] : faults;
}
