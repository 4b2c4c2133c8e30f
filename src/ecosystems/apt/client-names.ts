import type { SurveyedSuite } from "./client-survey.ts";
import { isMatchable } from "./pins.ts";

/** How an entry for the same suites shows on a host: by the repository's address, or by what its Release says of itself. */
export interface Replaced {
  /** What the mirror has, for each name of each suite (as the mirror has it, and as Suite and Codename): a line for the script. */
  readonly suites: readonly string[];
  /** Host and path of each upstream, without scheme, user and final slash. */
  readonly uris: readonly string[];
  /** `Origin|Label|Codename` of each suite that says all three. */
  readonly releases: readonly string[];
}

export function replacedBy(suites: readonly SurveyedSuite[], upstream: readonly string[]): Replaced {
  return {
    suites: suites.flatMap(suiteLines),
    uris: [...new Set(upstream.map(hostAndPath))].filter(isWord),
    releases: [
      ...new Set(
        suites.flatMap(({ origin, label, codename }) =>
          [origin, label, codename].every(isMatchable) ? [`${origin}|${label}|${codename}`] : [],
        ),
      ),
    ],
  };
}

function suiteLines(suite: SurveyedSuite): string[] {
  const list = (words: readonly string[]): string => words.filter(isWord).join(",") || "-";
  const { types, lacks } = suite;
  const has = [list(types), list(lacks.components), list(lacks.architectures)].join(" ");
  return [...new Set(suiteNames(suite))].filter(isWord).map((name) => `suite ${name} ${has}`);
}

// `trixie-updates` is `stable-updates` too; but the Codename of Ubuntu's `noble-updates` is `noble`, which is another suite.
function suiteNames({ name, suite, codename }: SurveyedSuite): string[] {
  if (name === "./" || name === "/") return ["./", "/"];
  const others = [suite, codename].filter((other) => other !== undefined && ending(other) === ending(name));
  return [name, ...others.filter((other) => other !== undefined)];
}

function ending(suite: string): string {
  return /[-/].*$/.exec(suite)?.[0] ?? "";
}

function hostAndPath(url: string): string {
  return url.replace(/^[a-z+]+:\/\/(?:[^/@]*@)?/i, "").replace(/\/+$/, "");
}

// What may stand between single quotes in a script, and in a list with commas.
function isWord(text: string): boolean {
  return /^[A-Za-z0-9._~:/[\]%@+=-]{1,300}$/.test(text);
}
