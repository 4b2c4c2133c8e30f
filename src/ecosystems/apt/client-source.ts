import type { ClientWishes } from "../contract.ts";
import type { Survey, SurveyedSuite } from "./client-survey.ts";
import type { LeftOut } from "./pins.ts";

const DAY_MS = 86_400_000;

/** What a source says of suites that have all of it in common. */
export interface Stanza {
  readonly types: readonly string[];
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** All further fields by their names in sources.list(5), values of several words as such. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

export interface SourceRequest {
  /** What stands in `URIs`, with its final slash or as the name of a list. */
  readonly uri: string;
  readonly architectures: readonly string[];
  readonly wishes: ClientWishes;
  /** From the snapshot's dates on, how long the metadata must be accepted; undefined where its own word is enough. */
  readonly acceptUntil: number | undefined;
}

/** The stanzas of a source: suites stand together where all of the rest is the same. */
export function stanzas({ suites, left, keys }: Survey, request: SourceRequest): Stanza[] {
  const { uri, architectures, wishes, acceptUntil } = request;
  const parts = suites.flatMap((suite) =>
    wishes.exclude ? apart(suite, left) : [{ ...suite, suite, names: {} }],
  );
  const groups = Map.groupBy(parts, ({ suite, types, components, names }) =>
    JSON.stringify([types, components, suite.languages, suite.absentTargets, names]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { types, components } = first;
    const { languages, absentTargets } = first.suite;
    const min = validUntilMin(
      group.map(({ suite }) => suite),
      acceptUntil,
    );
    const fields = {
      Architectures: architectures,
      Languages: languages.length === 0 ? ["none"] : languages,
      "Targets-Remove": absentTargets,
      "Valid-Until-Min": min === undefined ? [] : [String(min)],
      Snapshot: wishes.snapshot === undefined ? [] : [wishes.snapshot],
      ...first.names,
      Trusted: keys === undefined ? ["yes"] : [],
    };
    const names = group.map(({ suite }) => suite.name);
    return [{ types, uri, suites: names, components, fields }];
  });
}

interface PartOfSuite {
  readonly suite: SurveyedSuite;
  readonly types: SurveyedSuite["types"];
  readonly components: readonly string[];
  readonly names: Readonly<Record<string, readonly string[]>>;
}

// Names are left out of a whole stanza, so that each component stands alone. Where nothing is kept no field can say so: an empty Include is none.
function apart(suite: SurveyedSuite, left: readonly LeftOut[]): PartOfSuite[] {
  const components = suite.components.length === 0 ? [""] : suite.components;
  return components.flatMap((component) => {
    const part = left.find((one) => one.suite === suite.name && one.component === component);
    const { gone = [], kept } = part ?? {};
    const names = kept === undefined ? { Exclude: gone } : { Include: kept };
    const types = kept?.length === 0 ? suite.types.filter((type) => type !== "deb") : suite.types;
    return types.length === 0
      ? []
      : [{ suite, types, components: component === "" ? [] : [component], names }];
  });
}

// Whole days, so that the file is the same all day long. The field raises the end that Release names, and does nothing where it names none (debmetaindex.cc).
function validUntilMin(
  suites: readonly SurveyedSuite[],
  acceptUntil: number | undefined,
): number | undefined {
  const dates = suites.flatMap(({ date, validUntil }) =>
    date !== undefined && validUntil !== undefined ? [date] : [],
  );
  if (acceptUntil === undefined || dates.length === 0) return undefined;
  const days = Math.ceil((acceptUntil - Math.min(...dates)) / DAY_MS);
  return days > 0 ? days * 86_400 : undefined;
}

/** The source in deb822 (sources.list(5)), the keys in it. */
export function deb822Source(title: string, stanzas: readonly Stanza[], keys: string | undefined): string {
  const signedBy =
    keys === undefined
      ? []
      : [
          "Signed-By:",
          ...keys
            .trimEnd()
            .split("\n")
            .map((line) => ` ${line.trimEnd() || "."}`),
        ];
  const texts = stanzas.map(({ types, uri, suites, components, fields }) => {
    const named = { Types: types, URIs: [uri], Suites: suites, Components: components, ...fields };
    const lines = Object.entries(named).flatMap(([name, words]) =>
      words.length === 0 ? [] : [`${name}: ${words.join(" ")}`],
    );
    return [...lines, ...signedBy, ""].join("\n");
  });
  return `# ${title}\n${texts.join("\n")}`;
}

const ONE_LINE: Readonly<Record<string, string>> = {
  Architectures: "arch",
  Languages: "lang",
  "Targets-Remove": "target-",
  "Valid-Until-Min": "valid-until-min",
  Snapshot: "snapshot",
  Exclude: "exclude",
  Include: "include",
  Trusted: "trusted",
};

/** The source in the one-line style, for any apt since 1.1; the keys lie in `keyFile`. */
export function oneLineSource(
  title: string,
  stanzas: readonly Stanza[],
  keyFile: string | undefined,
): string {
  const lines = stanzas.flatMap(({ types, uri, suites, components, fields }) => {
    const options = Object.entries(fields).flatMap(([name, words]) =>
      words.length === 0 ? [] : [`${ONE_LINE[name] ?? name}=${words.join(",")}`],
    );
    if (keyFile !== undefined) options.push(`signed-by=${keyFile}`);
    return types.flatMap((type) =>
      suites.map((suite) => [type, `[${options.join(" ")}]`, uri, suite, ...components].join(" ")),
    );
  });
  return [`# ${title}`, ...lines, ""].join("\n");
}
