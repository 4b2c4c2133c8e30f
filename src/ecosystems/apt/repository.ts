import { z } from "zod";
import { SluiceError } from "../../base/errors.ts";
import { parseStanza } from "../../formats/deb822.ts";
import type { RepositoryForm } from "../contract.ts";
import { isNo, readOneLine, words } from "./host-sources.ts";
import { readSignedBy } from "./signed-by.ts";

/** What a source says, in whichever form it is written; the names of `fields` are those of deb822, in lower case. */
interface Source {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly fields: ReadonlyMap<string, string>;
}

class Unusable extends Error {}

const text = z.string().min(1);

/** A source of apt (sources.list(5)) in place of `upstream`, `suites` and `components`, with what else it says. */
export const repository: RepositoryForm = {
  schema: z
    .union([text, z.array(text).min(1), z.record(z.string(), z.union([text, z.array(text).min(1)]))])
    .describe(
      "A source as apt has it, in place of `upstream`, `suites` and `components`: a line `deb http://… suite component…`, several of one archive, or the fields of deb822 as text or map.",
    ),
  gives: ["upstream", "suites", "components"],
  read(value) {
    try {
      return { keys: keysOf(sourceOf(value as RepositoryValue)) };
    } catch (error) {
      if (error instanceof Unusable || error instanceof SluiceError) return { fault: error.message };
      throw error;
    }
  },
};

type RepositoryValue = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

function sourceOf(value: RepositoryValue): Source {
  if (typeof value === "string") {
    return /^(Types|URIs|Suites)[ \t]*:/im.test(value)
      ? deb822Source(parseStanza(value, "its text"))
      : oneLineSource(value);
  }
  if (isList(value)) return oneLineSource(value.join("\n"));
  const fields = Object.entries(value).map(
    ([name, held]) => [name.toLowerCase(), isList(held) ? held.join(" ") : held] as const,
  );
  return deb822Source(new Map(fields));
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

function oneLineSource(lines: string): Source {
  const read = readOneLine(lines, "it", (reason) => {
    throw new Unusable(`holds what is not a source: ${reason}`);
  });
  const [first, ...others] = read;
  if (first === undefined) throw new Unusable("holds no source");
  const rest = ({ uri, components, options }: typeof first): string =>
    JSON.stringify([uri.replace(/\/+$/, ""), components, [...options].map(String).toSorted()]);
  if (others.some((other) => rest(other) !== rest(first)))
    throw new Unusable("has lines that differ in more than type and suite: make a mirror of each");
  return {
    types: read.flatMap(({ types }) => types),
    uris: [first.uri],
    suites: read.flatMap(({ suites }) => suites),
    components: first.components,
    fields: first.options,
  };
}

function deb822Source(all: ReadonlyMap<string, string>): Source {
  const list = (name: string): string[] => words(all.get(name) ?? "");
  const fields = new Map(all);
  for (const name of ["types", "uris", "suites", "components"]) fields.delete(name);
  return {
    types: all.has("types") ? list("types") : ["deb"],
    uris: list("uris"),
    suites: list("suites"),
    components: list("components"),
    fields,
  };
}

// The keys of a mirror that say the same; what they hold is checked as if it stood in the config.
function keysOf({ types, uris, suites, components, fields }: Source): Record<string, unknown> {
  const odd = types.find((type) => type !== "deb" && type !== "deb-src");
  if (odd !== undefined) throw new Unusable(`has the type '${odd}', which is none of apt's`);
  if (!types.includes("deb"))
    throw new Unusable("has source packages only: a mirror has `deb`, and `deb-src` besides");
  const keys: Record<string, unknown> = {
    upstream: uris.length === 1 ? uris[0] : uris,
    suites: [...new Set(suites)],
  };
  if (components.length > 0) keys["components"] = components;
  if (types.includes("deb-src")) keys["sources"] = true;
  for (const [name, value] of fields) Object.assign(keys, keyOf(name, value, fields));
  return keys;
}

type Fields = Source["fields"];

// What it says of a host alone: how it fetches, and which of the indices.
const OF_THE_HOST = /^(pdiffs|by-hash|targets(-add|-remove)?|x-.*)$/;

function keyOf(name: string, value: string, fields: Fields): Record<string, unknown> {
  if (OF_THE_HOST.test(name)) return {};
  switch (name) {
    case "enabled":
      if (!isNo(value)) return {};
      throw new Unusable("is switched off: take `Enabled` out of it, if it is to be mirrored");
    case "architectures":
    case "architectures-add":
    case "architectures-remove":
      return { architectures: architecturesOf(fields) };
    case "languages":
    case "languages-add":
    case "languages-remove":
      return { languages: changed(fields, "languages", ["en"]).filter((word) => word !== "none") };
    case "check-valid-until":
      return isNo(value) ? { "allow-expired": true } : {};
    case "signed-by":
      return signedBy(value);
    case "trusted":
      if (isNo(value)) return {};
      throw new Unusable(
        "is trusted without keys: take `trusted` out of it, and say `trust: none` beside it",
      );
    default:
      throw new Unusable(
        `has the option '${name}', which means nothing to a mirror: it takes arch, lang, signed-by and check-valid-until`,
      );
  }
}

function architecturesOf(fields: Fields): string[] {
  if (fields.has("architectures")) return changed(fields, "architectures", []);
  throw new Unusable(
    "goes by a host's own architectures (`arch+`, `arch-`), and a mirror has none: name them all, by `arch` or beside it by `architectures`",
  );
}

// As apt reads `arch`, `arch+` and `arch-` together.
function changed(fields: Fields, name: string, fallback: readonly string[]): string[] {
  const list = (suffix: string): string[] => words(fields.get(`${name}${suffix}`) ?? "");
  const removed = list("-remove");
  const all = [...(fields.has(name) ? list("") : fallback), ...list("-add")];
  return [...new Set(all)].filter((word) => !removed.includes(word));
}

function signedBy(value: string): Record<string, unknown> {
  const read = readSignedBy(value);
  if ("key" in read) return { keyring: read.key };
  const { files, fingerprints } = read;
  return {
    ...(files.length > 0 && { keyring: files }),
    ...(fingerprints.length > 0 && { "signed-by": fingerprints }),
  };
}
