import { z } from "zod";
import { pathFault } from "../../base/path.ts";
import type { CommonOptions } from "../contract.ts";

const plainPath = (what: string, relative: (text: string) => string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9._+~/-]{1,200}$/, `${what} may hold letters, digits and . _ + ~ - / only`)
    .refine((text) => {
      const path = relative(text);
      return path === "" || pathFault(path) === undefined;
    }, `${what} is not a plain relative path`);

const suite = plainPath("a suite", (text) => (isFlat(text) ? flatFolder(text) : text));
const component = plainPath("a component", (text) => text);
const architecture = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,60}$/, "an architecture is written as dpkg writes it: amd64, arm64, i386");
const language = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_@.-]{0,40}$/,
    "a language is written as in Translation-en, Translation-pt_BR",
  );

const iconSize = z
  .string()
  .regex(/^[1-9]\d{0,3}x[1-9]\d{0,3}(@[2-9])?$/, "a size of icons is written as 64x64 or 64x64@2");

/** What Debian's `apt-config-icons` turns on, which software centres ask for. */
const ICONS = ["48x48", "64x64"] as const;

/** What a mirror of an apt repository may say in the config, besides the engine's own keys. Plain JSON before and after parsing. */
export const aptOptions = z.object({
  suites: z
    .array(suite)
    .min(1)
    .describe(
      "Suites or codenames, as below `dists/`: `bookworm`, `bookworm-updates`. One that ends in `/`, such as `./`, is a flat repository.",
    ),
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
  sources: z
    .boolean()
    .default(false)
    .describe("Mirror source packages too (`deb-src`): Sources, and every file of each of them."),
  udebs: z
    .boolean()
    .default(false)
    .describe("Mirror the packages of the Debian installer too (`main/debian-installer`)."),
  installer: z
    .boolean()
    .default(false)
    .describe("Mirror installer images (`installer-amd64/…/images`), each proven by its signed SHA256SUMS."),
  contents: z
    .boolean()
    .default(true)
    .describe(
      "Mirror Contents, the lists of files that `apt-file` searches; those of sources and udebs with them.",
    ),
  dep11: z
    .boolean()
    .default(true)
    .describe("Mirror AppStream's descriptions of applications (DEP-11), which software centres show."),
  icons: z
    .union([z.enum(["none", "all"]), z.array(iconSize)])
    .default([...ICONS])
    .describe("Sizes of AppStream icons to mirror: a list such as `[64x64, 64x64@2]`, `none` or `all`."),
  cnf: z
    .boolean()
    .default(true)
    .describe("Mirror the lists of commands that Ubuntu's `command-not-found` asks for."),
  "allow-suite-mismatch": z
    .boolean()
    .default(false)
    .describe("Accept a Release file whose Suite and Codename are not the suite that was asked for."),
});

type Parsed = z.infer<typeof aptOptions>;
type Later = "sources" | "udebs" | "installer" | "contents" | "dep11" | "icons" | "cnf";

/** As the walk takes them. What a record of an older version does not have was off then, and is off: the defaults are for configs only. */
export type AptOptions = Omit<Parsed, Later> & Partial<Pick<Parsed, Later>>;

/** Which translations are wanted. */
export function wantsLanguage(options: AptOptions, language: string): boolean {
  return wants(options.languages, language);
}

/** Which sizes of icons are wanted. */
export function wantsIcons(options: AptOptions, size: string): boolean {
  return wants(options.icons ?? "none", size);
}

function wants(asked: "none" | "all" | readonly string[], one: string): boolean {
  if (asked === "none") return false;
  return asked === "all" || asked.includes("all") || asked.includes(one);
}

/** The folder of a flat suite: empty for `./` and `/`, which are the base itself. */
export function flatFolder(suite: string): string {
  if (suite === "/") return "";
  return suite.replace(/^\.\//, "").replace(/\/$/, "");
}

/** True for a suite without `dists/`: apt takes one that ends in a slash so (sources.list(5)). */
export function isFlat(suite: string): boolean {
  return suite.endsWith("/");
}

/** Faults that the schema cannot say. */
export function checkAptOptions(
  options: AptOptions & CommonOptions,
): { path: (string | number)[]; message: string }[] {
  const flat = options.suites.filter(isFlat);
  if (flat.length === 0 || options.components === undefined) return [];
  if (flat.length < options.suites.length) return [];
  return [
    {
      path: ["components"],
      message: `'${flat[0]}' is a flat repository (a suite that ends in "/"), which has no components: leave them out`,
    },
  ];
}
