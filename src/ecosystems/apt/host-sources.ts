import { SluiceError } from "../../base/errors.ts";
import { stanzas } from "../../formats/deb822.ts";

/** One source of apt, of either format (sources.list(5)): one URI with its suites. Option names are those of deb822, in lower case. */
export interface HostSource {
  /** File, and where in it, for people. */
  readonly where: string;
  readonly types: readonly string[];
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

// The one-line format's names, where they are not those of deb822.
const ONE_LINE_NAMES: ReadonlyMap<string, string> = new Map([
  ["arch", "architectures"],
  ["arch+", "architectures-add"],
  ["arch-", "architectures-remove"],
  ["lang", "languages"],
  ["lang+", "languages-add"],
  ["lang-", "languages-remove"],
  ["target", "targets"],
  ["target+", "targets-add"],
  ["target-", "targets-remove"],
]);

/** Reads a file of the one-line format; a line that is none of it is told to `skip`. */
export function readOneLine(text: string, file: string, skip: (reason: string) => void): HostSource[] {
  return text.split("\n").flatMap((raw, at) => {
    const line = raw.replace(/#.*$/, "").trim();
    if (line === "") return [];
    const where = `${file}, line ${at + 1}`;
    const match = /^(deb|deb-src)[ \t]+(?:\[([^\]]*)\][ \t]*)?(\S+)[ \t]+(\S+)(.*)$/.exec(line);
    if (match === null) {
      skip(`${where}: it is not a source of apt that Sluice understands.`);
      return [];
    }
    const [, type = "", options = "", uri = "", suite = "", rest = ""] = match;
    return [
      {
        where,
        types: [type],
        uri,
        suites: [suite],
        components: words(rest),
        options: new Map(words(options).map(oneLineOption)),
      },
    ];
  });
}

function oneLineOption(text: string): [string, string] {
  const equals = text.indexOf("=");
  const name = text.slice(0, equals).toLowerCase();
  return [ONE_LINE_NAMES.get(name) ?? name, text.slice(equals + 1).replaceAll(",", " ")];
}

const DEB822_FIELDS = new Set([
  "enabled",
  "types",
  "uris",
  "suites",
  "components",
  "architectures",
  "architectures-add",
  "architectures-remove",
  "languages",
  "signed-by",
  "trusted",
]);

/** Reads a file of the deb822 format; sources that are switched off are passed over. */
export async function readDeb822(
  bytes: Uint8Array,
  file: string,
  skip: (reason: string) => void,
): Promise<HostSource[]> {
  const sources: HostSource[] = [];
  try {
    for await (const batch of stanzas(once(bytes), file, DEB822_FIELDS)) {
      for (const fields of batch) sources.push(...readStanza(fields, file));
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    skip(error.message);
  }
  return sources;
}

function readStanza(fields: ReadonlyMap<string, string>, file: string): HostSource[] {
  const list = (name: string): string[] => words(fields.get(name) ?? "");
  if (fields.size === 0 || isNo(fields.get("enabled"))) return [];
  return list("uris").map((uri) => ({
    where: `${file} (${list("suites").join(" ") || "no suite"})`,
    types: list("types"),
    uri,
    suites: list("suites"),
    components: list("components"),
    options: fields,
  }));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** True for the words that apt takes for a plain no. */
export function isNo(text: string | undefined): boolean {
  return text !== undefined && ["no", "false", "without", "off", "disable", "0"].includes(text.toLowerCase());
}
