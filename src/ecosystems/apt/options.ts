import { z } from "zod";
import { pathFault } from "../../base/path.ts";
import type { CommonOptions } from "../contract.ts";

const plainPath = (what: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9._+~/-]{1,200}$/, `${what} may hold letters, digits and . _ + ~ - / only`)
    .refine(
      (text) => text.endsWith("/") || pathFault(text) === undefined,
      `${what} is not a plain relative path`,
    );

const suite = plainPath("a suite");
const component = plainPath("a component");
const architecture = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,60}$/, "an architecture is written as dpkg writes it: amd64, arm64, i386");
const language = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_@.-]{0,40}$/,
    "a language is written as in Translation-en, Translation-pt_BR",
  );

/** What a mirror of an apt repository may say in the config, besides the engine's own keys. Plain JSON before and after parsing. */
export const aptOptions = z.object({
  suites: z
    .array(suite)
    .min(1)
    .describe("Suites or codenames, as below `dists/`: `bookworm`, `bookworm-updates`."),
  components: z
    .array(component)
    .min(1)
    .optional()
    .describe("Components, such as `main`; all that the suite offers, if absent."),
  architectures: z
    .array(architecture)
    .min(1)
    .describe("Architectures, such as `amd64`; `all` is always included."),
  languages: z
    .union([z.literal("none"), z.literal("all"), z.array(language)])
    .default(["en"])
    .describe("Languages of package descriptions to mirror: a list, `none` or `all`; `[en]` by default."),
  "allow-suite-mismatch": z
    .boolean()
    .default(false)
    .describe("Accept a Release file whose Suite and Codename are not the suite that was asked for."),
});

export type AptOptions = z.infer<typeof aptOptions>;

/** Which translations are wanted. */
export function wantsLanguage(options: AptOptions, language: string): boolean {
  if (options.languages === "none") return false;
  return (
    options.languages === "all" || options.languages.includes("all") || options.languages.includes(language)
  );
}

/** Faults that the schema cannot say. */
export function checkAptOptions(
  options: AptOptions & CommonOptions,
): { path: (string | number)[]; message: string }[] {
  return options.suites.flatMap((name, at) =>
    name.endsWith("/")
      ? [
          {
            path: ["suites", at],
            message: `'${name}' is a flat repository (a suite that ends in "/"): this version cannot mirror flat repositories.`,
          },
        ]
      : [],
  );
}
